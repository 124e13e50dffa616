// Endpoints: where and how to connect or to listen, apart from what is then said.
#pragma once

#include <coil/net/address.h>
#include <coil/net/connector.h>
#include <coil/net/ports.h>
#include <coil/net/protocol.h>
#include <coil/net/tcp.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/native_handle.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <memory>
#include <string>
#include <utility>

namespace coil {

// StreamServerEndpoint: something that can be listened on.
//
// Example (tests/examples/endpoint_example.cpp, "server"):
//
//   TcpServerEndpoint endpoint(reactor, Address::loopback(0));
//   ListeningPort port = co_await endpoint.listen(factory);   // For protocols …
//   TcpListener listener = co_await endpoint.listen();        // … and for coroutines.
//
// Requires:   The endpoint outlives the awaits of listen().
// Guarantees: What goes wrong is the failure of the Deferred or of the task, never thrown at once.
// Source:     Twisted's IStreamServerEndpoint.
class StreamServerEndpoint {
 public:
  StreamServerEndpoint() noexcept {}
  StreamServerEndpoint(const StreamServerEndpoint&) = delete;
  StreamServerEndpoint& operator=(const StreamServerEndpoint&) = delete;
  virtual ~StreamServerEndpoint() = default;

  // Errors: CannotListenError; AlreadyListened where it can be done once.
  virtual Deferred<ListeningPort> listen(std::shared_ptr<Factory> factory) = 0;
  // The listener itself, for coroutines. By default it fails with Errc::not_supported, for kinds
  // whose streams are no TCP streams.
  //
  // Errors: As the other listen.
  virtual Task<TcpListener> listen();
};

// ConnectingCancelledError: the Deferred of an endpoint was cancelled before it had its protocol.
//
// Example (tests/examples/endpoint_example.cpp, "cancel"):
//
//   Deferred<std::shared_ptr<Protocol>> connecting = endpoint.connect(factory);
//   connecting.addErrback([&](Failure failure) -> std::shared_ptr<Protocol> {
//     failure.visit<ConnectingCancelledError>(
//         [&](const ConnectingCancelledError& error) { gave_up = error.destination(); });
//     return nullptr;
//   });
//   connecting.cancel();
//
// Source: Twisted's ConnectingCancelledError.
class ConnectingCancelledError : public CancelledError {
 public:
  explicit ConnectingCancelledError(std::string destination)
      : CancelledError("connect to " + destination), destination_(std::move(destination)) {}

  const std::string& destination() const noexcept { return destination_; }

 private:
  std::string destination_;
};

// StreamClientEndpoint: something that can be connected to.
//
// Example (tests/examples/endpoint_example.cpp, "client"):
//
//   TcpClientEndpoint endpoint(reactor, server);
//   std::shared_ptr<Protocol> protocol = co_await endpoint.connect(factory);   // For protocols …
//   TcpStream stream = co_await endpoint.connect();                 // … and for coroutines.
//
// Requires:   The endpoint outlives the awaits of connect().
// Guarantees: The protocol is the one that the factory built, delivered after its connectionMade.
//             The factory is started before the attempt, and stopped after its failure or after the
//             connection's end. What goes wrong is the failure of the Deferred or of the task.
// Source:     Twisted's IStreamClientEndpoint.
class StreamClientEndpoint {
 public:
  StreamClientEndpoint() noexcept {}
  StreamClientEndpoint(const StreamClientEndpoint&) = delete;
  StreamClientEndpoint& operator=(const StreamClientEndpoint&) = delete;
  virtual ~StreamClientEndpoint() = default;

  // Errors:       ConnectError; NoProtocol where the factory built none; what it threw.
  // Cancellation: Cancellable; if cancelled, nothing was transferred. The failure is a
  //               ConnectingCancelledError, and a connection that was made but not delivered is
  //               closed.
  virtual Deferred<std::shared_ptr<Protocol>> connect(std::shared_ptr<Factory> factory) = 0;
  // The stream itself, for coroutines. By default it fails with Errc::not_supported, for kinds
  // whose streams are no TCP streams.
  //
  // Errors:       ConnectError.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  virtual Task<TcpStream> connect();
};

// Connects one protocol that exists already; for a client that needs no factory.
//
// Source: Twisted's connectProtocol.
template <class P>
Deferred<std::shared_ptr<P>> connectProtocol(StreamClientEndpoint& endpoint,
                                             std::shared_ptr<P> protocol);

// TcpServerEndpoint: listens on a TCP port, of either family.
//
// Example (tests/examples/endpoint_example.cpp, "server"):
//
//   TcpServerEndpoint endpoint(reactor, Address::loopback(0));
//
// Source: Twisted's TCP4ServerEndpoint and TCP6ServerEndpoint.
class TcpServerEndpoint final : public StreamServerEndpoint {
 public:
  TcpServerEndpoint(Reactor& reactor, const Address& local, ListenOptions options = ListenOptions())
      : reactor_(reactor), local_(local), options_(options) {}

  Deferred<ListeningPort> listen(std::shared_ptr<Factory> factory) override;
  Task<TcpListener> listen() override;

 private:
  Reactor& reactor_;
  Address local_;
  ListenOptions options_;
};

// TcpClientEndpoint: connects to a TCP port, of either family.
//
// Example (tests/examples/endpoint_example.cpp, "client"):
//
//   TcpClientEndpoint endpoint(reactor, server);
//
// Source: Twisted's TCP4ClientEndpoint and TCP6ClientEndpoint.
class TcpClientEndpoint final : public StreamClientEndpoint {
 public:
  TcpClientEndpoint(Reactor& reactor, const Address& peer,
                    ConnectOptions options = ConnectOptions())
      : reactor_(reactor), peer_(peer), options_(std::move(options)) {}

  Deferred<std::shared_ptr<Protocol>> connect(std::shared_ptr<Factory> factory) override;
  Task<TcpStream> connect() override;

 private:
  Reactor& reactor_;
  Address peer_;
  ConnectOptions options_;
};

// AdoptedStreamServerEndpoint: listens, once, on a socket that listens already.
//
// Example (tests/examples/endpoint_example.cpp, "adopted"):
//
//   AdoptedStreamServerEndpoint endpoint(reactor, inherited);
//   ListeningPort port = co_await endpoint.listen(factory);
//
// Guarantees: The handle is the endpoint's: closed once it listens, or with the endpoint.
// Errors:     AlreadyListened the second time; see adoptStreamPort for what else.
// Source:     Twisted's AdoptedStreamServerEndpoint.
class AdoptedStreamServerEndpoint final : public StreamServerEndpoint {
 public:
  AdoptedStreamServerEndpoint(Reactor& reactor, NativeHandle listening) noexcept
      : reactor_(reactor), handle_(listening) {}
  ~AdoptedStreamServerEndpoint() override { close(); }

  Deferred<ListeningPort> listen(std::shared_ptr<Factory> factory) override;
  Task<TcpListener> listen() override;

 private:
  void use();
  void close() noexcept;

  Reactor& reactor_;
  NativeHandle handle_;
  bool used_ = false;
};

namespace detail {

class OneProtocol final : public Factory {
 public:
  explicit OneProtocol(std::shared_ptr<Protocol> protocol) noexcept
      : protocol_(std::move(protocol)) {}
  std::shared_ptr<Protocol> buildProtocol(const Address&) override { return std::move(protocol_); }

 private:
  std::shared_ptr<Protocol> protocol_;
};

}  // namespace detail

template <class P>
Deferred<std::shared_ptr<P>> connectProtocol(StreamClientEndpoint& endpoint,
                                             std::shared_ptr<P> protocol) {
  Deferred<std::shared_ptr<Protocol>> connecting =
      endpoint.connect(std::make_shared<detail::OneProtocol>(protocol));
  return connecting.addCallback(
      [protocol = std::move(protocol)](const std::shared_ptr<Protocol>&) { return protocol; });
}

}  // namespace coil
