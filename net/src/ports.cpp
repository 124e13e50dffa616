// Listening ports and connectors: how protocols come to their connections.
#include <coil/net/port_watcher.h>
#include <coil/net/ports.h>

#include "stream_transport.h"

#include <coil/runtime/as_result.h>
#include <coil/runtime/cancellation.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/timeout.h>

#include <stdexcept>
#include <vector>

namespace coil {

void attach(TcpStream stream, std::shared_ptr<Protocol> protocol) {
  std::make_shared<StreamTransport>(std::move(stream), std::move(protocol), nullptr)->start();
}

// The listener, its accepting strand, and what it takes to listen again.
class ListeningPort::State : public std::enable_shared_from_this<State> {
 public:
  State(Reactor& reactor, const Address& local, std::shared_ptr<Factory> factory,
        ListenOptions options)
      : reactor_(reactor), local_(local), factory_(std::move(factory)), options_(options) {}

  void start() {
    if (listening_) return;
    listener_ = TcpListener::bind(reactor_, local_, options_);
    local_ = listener_.local_address();
    factory_->doStart();
    listening_ = true;
    stopped_ = Deferred<void>();
    detail::start_root(reactor_, accept_loop(shared_from_this()), "listening port");
  }
  Deferred<void> stop() {
    if (!listening_) return succeed();
    listener_.close();
    Deferred<void> waiter;
    waiters_.push_back(waiter);
    return waiter;
  }
  const Address& host() const noexcept { return local_; }
  std::size_t connections() const noexcept { return connections_; }

 private:
  Task<void> accept_loop(std::shared_ptr<State> self) {
    static_cast<void>(self);
    bool cancelled = false;
    try {
      for (;;) {
        Result<TcpStream> stream = co_await as_result(listener_.accept(Accepting::all));
        if (stream) {
          serve(std::move(*stream));
        } else if (stream.error().code() == Errc::handle_closed) {
          break;
        } else {
          reactor_.log(LogRecord(LogLevel::error,
                                 "a port stops listening: accept: " + stream.error().message()));
          break;
        }
      }
    } catch (const Cancelled&) {
      cancelled = true;
    }
    finish();
    if (cancelled) throw Cancelled();
  }

  void serve(TcpStream stream) noexcept {
    Address peer;
    try {
      peer = stream.peer_address();
    } catch (const SystemError&) {
      return;  // Reset while it waited to be accepted: there is nobody to build a protocol for.
    }
    try {
      std::shared_ptr<Protocol> protocol = factory_->buildProtocol(peer);
      if (protocol == nullptr) return;
      ++connections_;
      auto ended = [self = shared_from_this()](const Failure&) { --self->connections_; };
      std::make_shared<StreamTransport>(std::move(stream), std::move(protocol), std::move(ended))
          ->start();
    } catch (...) {
      reactor_.log_current("buildProtocol");
    }
  }

  void finish() noexcept {
    listener_.close();
    listening_ = false;
    Failure failure;
    try {
      factory_->doStop();
    } catch (...) {
      failure = Failure::current();
    }
    for (Deferred<void>& waiter : std::exchange(waiters_, {})) {
      failure ? waiter.errback(failure) : waiter.callback();
    }
  }

  Reactor& reactor_;
  Address local_;
  std::shared_ptr<Factory> factory_;
  ListenOptions options_;
  TcpListener listener_;
  Deferred<void> stopped_;
  std::vector<Deferred<void>> waiters_;
  std::size_t connections_ = 0;
  bool listening_ = false;
};

Address ListeningPort::getHost() const { return state_->host(); }
void ListeningPort::startListening() { state_->start(); }
Deferred<void> ListeningPort::stopListening() { return state_->stop(); }
std::size_t ListeningPort::connections() const noexcept { return state_->connections(); }

ListeningPort listenTCP(Reactor& reactor, const Address& local, std::shared_ptr<Factory> factory,
                        ListenOptions options) {
  auto state = std::make_shared<ListeningPort::State>(reactor, local, factory, options);
  state->start();
  const ListeningPort port(std::move(state));
  if (const auto watcher = reactor.find<PortWatcher>()) {
    watcher->listens(port, local, factory, options);
  }
  return port;
}

Connector::Connector(Reactor& reactor, const Address& destination,
                     std::shared_ptr<ClientFactory> factory, ConnectOptions options)
    : reactor_(reactor),
      destination_(destination),
      factory_(std::move(factory)),
      options_(std::move(options)) {}

void Connector::connect() {
  if (state_ != State::disconnected) throw std::logic_error("connect: not disconnected");
  state_ = State::connecting;
  if (!std::exchange(factory_started_, true)) factory_->doStart();
  attempt_ = Deferred<void>::fromCoroutine(reactor_, attempt(shared_from_this()));
  attempt_->addErrback(
      [self = shared_from_this()](const Failure& failure) { self->failed(failure); });
}

Task<void> Connector::attempt(std::shared_ptr<Connector> self) {
  factory_->startedConnecting(*this);
  TcpOptions tcp;
  if (options_.bind_address) tcp.set_bind_address(*options_.bind_address);
  TcpStream stream = co_await with_timeout(reactor_, options_.timeout,
                                           TcpStream::connect(reactor_, destination_, tcp));
  // It may have succeeded before the request to stop reached it: nobody wants it any more.
  const CancellationToken stopped = co_await current_cancellation();
  if (stopped.requested()) throw Cancelled();
  std::shared_ptr<Protocol> protocol = factory_->buildProtocol(stream.peer_address());
  if (protocol == nullptr) {
    throw ConnectError(make_error_code(Errc::connection_done), "the factory refused");
  }
  state_ = State::connected;
  auto ended = [self](const Failure& reason) { self->lost(reason); };
  auto transport =
      std::make_shared<StreamTransport>(std::move(stream), std::move(protocol), std::move(ended));
  transport_ = transport;
  transport->start();
}

void Connector::failed(const Failure& reason) {
  state_ = State::disconnected;
  const std::shared_ptr<ClientFactory> factory = factory_;
  factory->clientConnectionFailed(*this, reason);
  if (state_ == State::disconnected && std::exchange(factory_started_, false)) factory->doStop();
}

void Connector::lost(const Failure& reason) {
  state_ = State::disconnected;
  const std::shared_ptr<ClientFactory> factory = factory_;
  if (reason) factory->clientConnectionLost(*this, reason);  // Else it was handed over.
  if (state_ == State::disconnected && std::exchange(factory_started_, false)) factory->doStop();
}

void Connector::stopConnecting() {
  if (state_ != State::connecting) throw std::logic_error("stopConnecting: not connecting");
  attempt_->cancel();
}

void Connector::disconnect() {
  if (state_ == State::connecting) {
    stopConnecting();
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
