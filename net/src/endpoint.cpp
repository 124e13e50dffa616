// Endpoints over TCP: listening, adopting, and connecting with a cancel that leaves nothing behind.
#include <coil/net/endpoint.h>

#include <coil/runtime/cancellation.h>
#include <coil/runtime/sleep.h>

#include "client_connection.h"
#include "stream_transport.h"

#include <optional>

namespace coil {

namespace {

using Connecting = Deferred<std::shared_ptr<Protocol>>;

// Listening is done at once; only how it is told is not.
template <class Listen>
Deferred<ListeningPort> as_deferred(Listen listen) {
  try {
    return succeed(listen());
  } catch (...) {
    return fail<ListeningPort>(Failure::current());
  }
}

// How one connection of a factory has ended, once it has.
class Ending : public ConnectionOwner {
 public:
  explicit Ending(std::shared_ptr<Factory> factory) noexcept : factory_(std::move(factory)) {}
  void connection_ended(const Failure& why) override {
    reason = why;
    factory_->doStop();
  }
  std::optional<Failure> reason;

 private:
  std::shared_ptr<Factory> factory_;
};

// Waits until connectionMade was called; without a protocol to deliver it fails.
Task<void> until_made(StreamTransport& transport, const Protocol& protocol, const Ending& ending) {
  bool cancelled = false;
  try {
    while (protocol.connection() == nullptr && !ending.reason) co_await yield();
    const CancellationToken token = co_await current_cancellation();
    cancelled = token.requested();
  } catch (const Cancelled&) {
    cancelled = true;
  }
  if (cancelled) {
    transport.loseConnection();
    throw Cancelled();
  }
  if (ending.reason && *ending.reason) ending.reason->raiseException();
}

Task<std::shared_ptr<Protocol>> connect_once(Reactor& reactor, Address peer, ConnectOptions options,
                                             std::shared_ptr<Factory> factory) {
  factory->doStart();
  auto ending = std::make_shared<Ending>(factory);
  std::shared_ptr<StreamTransport> transport;
  std::shared_ptr<Protocol> protocol;
  std::exception_ptr failed;
  try {
    TcpStream stream = co_await detail::connect_within(reactor, peer, std::move(options));
    const Address at = peer_of(stream, peer);
    protocol = factory->buildProtocol(at);
    if (protocol == nullptr) {
      throw NoProtocol(make_error_code(Errc::connection_done),
                       "the factory built no protocol for " + peer.to_string());
    }
    transport = std::make_shared<StreamTransport>(std::move(stream), at, protocol, ending);
    transport->start();
  } catch (...) {
    failed = std::current_exception();
  }
  if (failed) {
    factory->doStop();
    std::rethrow_exception(failed);
  }
  co_await until_made(*transport, *protocol, *ending);
  co_return protocol;
}

}  // namespace

Task<TcpListener> StreamServerEndpoint::listen() {
  throw SystemError(make_error_code(Errc::not_supported), "this endpoint gives no TCP listener");
  co_return TcpListener();
}

Task<TcpStream> StreamClientEndpoint::connect() {
  throw SystemError(make_error_code(Errc::not_supported), "this endpoint gives no TCP stream");
  co_return TcpStream();
}

Deferred<ListeningPort> TcpServerEndpoint::listen(std::shared_ptr<Factory> factory) {
  return as_deferred([&] { return listenTCP(reactor_, local_, std::move(factory), options_); });
}

Task<TcpListener> TcpServerEndpoint::listen() {
  co_return TcpListener::bind(reactor_, local_, options_);
}

// The failure of a cancel comes at once; the attempt ends in its own time.
Deferred<std::shared_ptr<Protocol>> TcpClientEndpoint::connect(std::shared_ptr<Factory> factory) {
  Connecting attempt = Connecting::fromCoroutine(
      reactor_, connect_once(reactor_, peer_, options_, std::move(factory)));
  auto told = std::make_shared<std::optional<Connecting>>();
  const std::string destination = peer_.to_string();
  Connecting connecting([attempt, told, destination]() mutable {
    Connecting given_up = *std::exchange(*told, std::nullopt);
    attempt.cancel();
    given_up.errback(Failure(ConnectingCancelledError(destination)));
  });
  *told = connecting;
  auto tell = [told, destination](Result<std::shared_ptr<Protocol>>&& result) {
    if (!*told) return;
    Connecting waiting = *std::exchange(*told, std::nullopt);
    if (result || !result.error().failure().check<CancelledError>()) {
      waiting.fire(std::move(result));
    } else {
      waiting.errback(Failure(
          ConnectError(make_error_code(Errc::reactor_stopped), "connect to " + destination)));
    }
  };
  attempt.addBoth(std::move(tell));
  return connecting;
}

Task<TcpStream> TcpClientEndpoint::connect() {
  return detail::connect_within(reactor_, peer_, options_);
}

void AdoptedStreamServerEndpoint::use() {
  if (used_) throw AlreadyListened("listen: an adopted socket can be listened on once");
  used_ = true;
}

void AdoptedStreamServerEndpoint::close() noexcept {
  if (handle_.valid()) reactor_.sockets().close(std::exchange(handle_, NativeHandle()));
}

Deferred<ListeningPort> AdoptedStreamServerEndpoint::listen(std::shared_ptr<Factory> factory) {
  return as_deferred([&] {
    use();
    ListeningPort port = adoptStreamPort(reactor_, handle_, std::move(factory));
    close();
    return port;
  });
}

Task<TcpListener> AdoptedStreamServerEndpoint::listen() {
  use();
  TcpListener listener = TcpListener::adopt(reactor_, handle_);
  close();
  co_return listener;
}

}  // namespace coil
