// Connectors: one client connection, its attempts, and what its factory is told about them.
#include <coil/net/connector.h>
#include <coil/net/port_watcher.h>

#include <coil/runtime/cancellation.h>
#include <coil/runtime/timeout.h>

#include "client_connection.h"
#include "stream_transport.h"

#include <stdexcept>
#include <utility>

namespace coil {

namespace detail {

Task<TcpStream> connect_within(Reactor& reactor, Address peer, ConnectOptions options) {
  TcpOptions tcp;
  if (options.bind_address) tcp.set_bind_address(*options.bind_address);
  TcpStream stream;
  bool too_late = false;
  try {
    stream =
        co_await with_timeout(reactor, options.timeout, TcpStream::connect(reactor, peer, tcp));
  } catch (const TimedOut& error) {
    if (error.code() != Errc::timed_out) throw;  // The kernel gave up, and says so.
    too_late = true;
  }
  if (too_late) throw TimedOut(make_error_code(Errc::timed_out), "connect to " + peer.to_string());
  const CancellationToken token = co_await current_cancellation();
  if (token.requested()) throw Cancelled();
  co_return stream;
}

}  // namespace detail

Connector::Connector(Reactor& reactor, const Address& destination,
                     std::shared_ptr<ClientFactory> factory, ConnectOptions options)
    : reactor_(reactor),
      destination_(destination),
      factory_(std::move(factory)),
      options_(std::move(options)) {}

void Connector::connect() {
  if (state_ != State::disconnected) {
    throw std::logic_error("connect: the connector is connecting or connected");
  }
  if (reactor_stops_) throw ReactorNotRunning("connect: the reactor has been stopped");
  if (!factory_started_) factory_->doStart();
  factory_started_ = true;
  stop_asked_ = false;
  state_ = State::connecting;
  attempt_ = Deferred<void>::fromCoroutine(reactor_, attempt(shared_from_this()));
  attempt_->addErrback(
      [self = shared_from_this()](const Failure& failure) { self->failed(failure); });
}

// Stands between the connector and its connection, which the public class does not show.
class Connector::Connection : public ConnectionOwner {
 public:
  explicit Connection(std::shared_ptr<Connector> connector) : connector_(std::move(connector)) {}
  void connection_ended(const Failure& reason) override { connector_->lost(reason); }

 private:
  std::shared_ptr<Connector> connector_;
};

Task<void> Connector::attempt(std::shared_ptr<Connector> self) {
  factory_->startedConnecting(*this);
  TcpStream stream = co_await detail::connect_within(reactor_, destination_, options_);
  const Address peer = peer_of(stream, destination_);
  std::shared_ptr<Protocol> protocol = factory_->buildProtocol(peer);
  if (stop_asked_) throw Cancelled();  // From inside buildProtocol.
  if (protocol == nullptr) {
    throw NoProtocol(make_error_code(Errc::connection_done),
                     "the factory built no protocol for " + destination_.to_string());
  }
  state_ = State::connected;
  auto transport = std::make_shared<StreamTransport>(std::move(stream), peer, std::move(protocol),
                                                     std::make_shared<Connection>(self));
  transport_ = transport;
  transport->start();
}

// The factory's exceptions are its own: the connector goes on.
template <class Call>
void Connector::tell(const char* what, Call call) noexcept {
  try {
    call();
  } catch (...) {
    reactor_.log_current(what);
  }
}

// Unless it has begun to connect again.
void Connector::leave_factory() noexcept {
  if (state_ != State::disconnected || !std::exchange(factory_started_, false)) return;
  tell("stopFactory", [this] { factory_->doStop(); });
}

// An attempt is cancelled by stopConnecting, or by the reactor's stop.
Failure Connector::why_ended(const Failure& reason) const {
  if (!reason.check<CancelledError>()) return reason;
  const std::string what = "connect to " + destination_.to_string();
  if (stop_asked_) return Failure(UserError(make_error_code(Errc::connection_aborted), what));
  return Failure(ConnectError(make_error_code(Errc::reactor_stopped), what));
}

// Once the reactor is being stopped, whoever always connects again would go on for ever.
void Connector::disconnected(const Failure& why) noexcept {
  state_ = State::disconnected;
  const bool being_stopped = reactor_.running() && !reactor_.can_stop();
  if (being_stopped || why.code() == Errc::reactor_stopped) reactor_stops_ = true;
}

void Connector::failed(const Failure& reason) {
  const Failure why = why_ended(reason);
  disconnected(why);
  tell("clientConnectionFailed", [&] { factory_->clientConnectionFailed(*this, why); });
  leave_factory();
}

// Without a reason after a hand-over: the connection goes on, with somebody else.
void Connector::lost(const Failure& reason) {
  disconnected(reason);
  if (reason) {
    tell("clientConnectionLost", [&] { factory_->clientConnectionLost(*this, reason); });
  }
  leave_factory();
}

void Connector::stopConnecting() {
  if (state_ != State::connecting || stop_asked_) {
    throw NotConnectingError("stopConnecting: no attempt is under way");
  }
  stop_asked_ = true;
  attempt_->cancel();
}

void Connector::disconnect() {
  if (state_ == State::connecting) {
    if (!stop_asked_) stopConnecting();
  } else if (const std::shared_ptr<Transport> transport = transport_.lock()) {
    transport->loseConnection();
  }
}

std::shared_ptr<Connector> connectTCP(Reactor& reactor, const Address& peer,
                                      std::shared_ptr<ClientFactory> factory,
                                      ConnectOptions options) {
  auto connector = std::make_shared<Connector>(reactor, peer, factory, options);
  connector->connect();
  if (const auto watcher = reactor.find<PortWatcher>()) {
    watcher->connects(connector, factory, options);
  }
  return connector;
}

}  // namespace coil
