// Listening ports: accepting, stopping, and sockets that come from outside.
#include <coil/net/port_watcher.h>
#include <coil/net/ports.h>

#include "socket.h"
#include "stream_transport.h"

#include <coil/runtime/as_result.h>
#include <coil/runtime/cancellation.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/sleep.h>

#include <stdexcept>
#include <vector>

namespace coil {

void attach(TcpStream stream, std::shared_ptr<Protocol> protocol) {
  const Address peer = peer_of(stream, Address());
  std::make_shared<StreamTransport>(std::move(stream), peer, std::move(protocol), nullptr)->start();
}

void attach(PipeReader reader, PipeWriter writer, std::shared_ptr<Protocol> protocol,
            std::shared_ptr<ConnectionOwner> owner) {
  if (&reader.reactor() != &writer.reactor()) {
    throw std::invalid_argument("attach: the two pipes belong to different reactors");
  }
  std::make_shared<StreamTransport>(std::move(reader), std::move(writer), std::move(protocol),
                                    std::move(owner))
      ->start();
}

// The listener, its accepting strand, and what it takes to listen again.
class ListeningPort::State : public std::enable_shared_from_this<State>, public ConnectionOwner {
 public:
  State(Reactor& reactor, const Address& local, std::shared_ptr<Factory> factory,
        ListenOptions options)
      : reactor_(reactor), local_(local), factory_(std::move(factory)), options_(options) {}

  void start() {
    if (stopping_) throw std::logic_error("startListening: the port is still being stopped");
    if (!listening_) start(TcpListener::bind(reactor_, local_, options_));
  }
  void start(TcpListener listener) {
    local_ = listener.local_address();
    factory_->doStart();
    listener_ = std::move(listener);
    listening_ = true;
    detail::start_root<"listening port">(reactor_, accept_loop(shared_from_this()));
  }
  Deferred<void> stop() {
    if (!listening_) return succeed();
    stopping_ = true;
    listener_.close();
    Deferred<void> waiter;
    waiters_.push_back(waiter);
    return waiter;
  }
  void connection_ended(const Failure&) override { --connections_; }
  const Address& host() const noexcept { return local_; }
  std::size_t connections() const noexcept { return connections_; }

 private:
  Task<void> accept_loop(std::shared_ptr<State> self) {
    static_cast<void>(self);
    const HandleId id = listener_.id();
    bool cancelled = false;
    try {
      for (;;) {
        Result<TcpStream> stream = co_await as_result(listener_.accept(Accepting::all));
        // One that came while the port was being stopped is nobody's.
        if (stopping_) break;
        if (!stream) {
          if (stream.error().code() != Errc::handle_closed) {
            reactor_.log(LogRecord(LogLevel::error,
                                   "a port stops listening: accept: " + stream.error().message()));
          }
          break;
        }
        serve(std::move(*stream));
      }
    } catch (const Cancelled&) {
      cancelled = true;
    }
    listener_.close();
    co_await shielded(until_closed(id));
    finish();
    if (cancelled) throw Cancelled();
  }

  // The reactor may have a request of its own in flight, which holds the address until it ends.
  Task<void> until_closed(HandleId id) {
    while (reactor_.handles().find_served(id) != nullptr) co_await yield();
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
      auto transport = std::make_shared<StreamTransport>(std::move(stream), peer,
                                                         std::move(protocol), shared_from_this());
      ++connections_;
      transport->start();
    } catch (...) {
      reactor_.log_current("buildProtocol");
    }
  }

  void finish() noexcept {
    listening_ = false;
    stopping_ = false;
    Failure failure;
    try {
      factory_->doStop();
    } catch (...) {
      failure = Failure::current();
      if (waiters_.empty()) reactor_.log_current("stopFactory");
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
  std::vector<Deferred<void>> waiters_;
  std::size_t connections_ = 0;
  bool listening_ = false;
  bool stopping_ = false;
};

Address ListeningPort::getHost() const { return state_->host(); }
void ListeningPort::startListening() { state_->start(); }
Deferred<void> ListeningPort::stopListening() { return state_->stop(); }
std::size_t ListeningPort::connections() const noexcept { return state_->connections(); }

namespace {

// Tells who watches the ports of the reactor.
ListeningPort announce(Reactor& reactor, std::shared_ptr<ListeningPort::State> state,
                       const Address& asked, const std::shared_ptr<Factory>& factory,
                       const ListenOptions& options) {
  ListeningPort port(std::move(state));
  if (const auto watcher = reactor.find<PortWatcher>()) {
    watcher->listens(port, asked, factory, options);
  }
  return port;
}

}  // namespace

ListeningPort listenTCP(Reactor& reactor, const Address& local, std::shared_ptr<Factory> factory,
                        ListenOptions options) {
  auto state = std::make_shared<ListeningPort::State>(reactor, local, factory, options);
  state->start();
  return announce(reactor, std::move(state), local, factory, options);
}

ListeningPort adoptStreamPort(Reactor& reactor, NativeHandle listening,
                              std::shared_ptr<Factory> factory) {
  TcpListener listener = TcpListener::adopt(reactor, listening);
  const Address local = listener.local_address();
  const ListenOptions options;
  auto state = std::make_shared<ListeningPort::State>(reactor, local, factory, options);
  state->start(std::move(listener));
  return announce(reactor, std::move(state), local, factory, options);
}

std::shared_ptr<Protocol> adoptStreamConnection(Reactor& reactor, NativeHandle connected,
                                                Factory& factory) {
  detail::check_adoptable(reactor, connected, detail::Adopted::connected);
  TcpStream stream(reactor, reactor.sockets().duplicate(connected).value());
  std::shared_ptr<Protocol> protocol = factory.buildProtocol(stream.peer_address());
  if (protocol != nullptr) attach(std::move(stream), protocol);
  return protocol;
}

}  // namespace coil
