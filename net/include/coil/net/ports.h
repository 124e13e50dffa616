// listenTCP and attach: where protocols meet the network.
#pragma once

#include <coil/net/address.h>
#include <coil/net/protocol.h>
#include <coil/net/tcp.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/reactor.h>

#include <cstddef>
#include <memory>

namespace coil {

// ListeningPort: a handle to one listening socket that builds protocols.
//
// Example (tests/examples/protocol_example.cpp, "listen"):
//
//   ListeningPort port = listenTCP(reactor, Address::loopback(0), factory);
//   std::puts(port.getHost().to_string().c_str());
//   co_await port.stopListening();
//
// Guarantees: Dropping the handle stops nothing. Connections that were accepted go on. An exception
//             in buildProtocol is logged and costs that connection only.
// Source:     Twisted's IListeningPort.
class ListeningPort {
 public:
  class State;
  explicit ListeningPort(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

  Address getHost() const;
  // Listens again at the same address after stopListening.
  //
  // Errors: CannotListenError; std::logic_error while it is being stopped.
  void startListening();
  // Fires when the address can be bound again and the factory was told; at once if it was stopped.
  // What stopFactory throws becomes the failure. No protocol is built any more.
  Deferred<void> stopListening();
  // Connections that are open.
  std::size_t connections() const noexcept;

 private:
  std::shared_ptr<State> state_;
};

// Listens before it returns; port 0 picks one, see getHost().
//
// Errors: CannotListenError, naming the address.
// Source: Twisted's listenTCP.
ListeningPort listenTCP(Reactor& reactor, const Address& local, std::shared_ptr<Factory> factory,
                        ListenOptions options = ListenOptions());

// Listens on a socket that listens already, of this process or another one. It is duplicated: the
// caller may close `listening` at once, and stopListening closes the duplicate only.
//
// Errors: UnsupportedAddressFamily, UnsupportedSocketType, also where it does not listen;
//         SystemError for a bad handle, and on a reactor that has no sockets from outside.
// Source: Twisted's adoptStreamPort.
ListeningPort adoptStreamPort(Reactor& reactor, NativeHandle listening,
                              std::shared_ptr<Factory> factory);
// Has `factory`, which is not started for that, build the protocol of a connected socket. It is
// duplicated: the caller may close `connected` at once. Null where the factory refused.
//
// Errors: As adoptStreamPort; SystemError where it is not connected.
// Source: Twisted's adoptStreamConnection.
std::shared_ptr<Protocol> adoptStreamConnection(Reactor& reactor, NativeHandle connected,
                                                Factory& factory);

// Drives `protocol` over a connection that exists already. If its peer has gone meanwhile, getPeer
// gives no address, and connectionLost follows connectionMade.
void attach(TcpStream stream, std::shared_ptr<Protocol> protocol);

}  // namespace coil
