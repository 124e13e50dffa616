// listenTCP, connectTCP: where protocols meet the network.
#pragma once

#include <coil/net/address.h>
#include <coil/net/protocol.h>
#include <coil/net/tcp.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/reactor.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

namespace coil {

// ListeningPort: a handle to one listening socket that builds protocols.
//
// Example (tests/examples/protocol_example.cpp, "listen"):
//
//   ListeningPort port = listenTCP(reactor, Address::loopback(0), factory);
//   std::puts(port.getHost().to_string().c_str());
//   co_await port.stopListening();
//
// Guarantees: Dropping the handle stops nothing. Connections that were accepted go on.
// Source:     Twisted's IListeningPort.
class ListeningPort {
 public:
  class State;
  explicit ListeningPort(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

  Address getHost() const;
  // Listens again at the same address after stopListening.
  //
  // Errors: CannotListenError.
  void startListening();
  // Fires when the address can be bound again and the factory was told; at once if it was stopped.
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

// Drives `protocol` over a connection that exists already.
void attach(TcpStream stream, std::shared_ptr<Protocol> protocol);

// ConnectOptions: what connectTCP is asked for.
//
// Example (tests/examples/protocol_example.cpp, "connect"):
//
//   connectTCP(reactor, server, factory, ConnectOptions().set_timeout(std::chrono::seconds(3)));
class ConnectOptions {
 public:
  ConnectOptions() noexcept {}
  ConnectOptions& set_timeout(Duration value) noexcept {
    timeout = value;
    return *this;
  }
  ConnectOptions& set_bind_address(const Address& value) {
    bind_address = value;
    return *this;
  }
  Duration timeout = std::chrono::seconds(30);
  std::optional<Address> bind_address;
};

// Connector: one client connection, its attempts included.
//
// Example (tests/examples/protocol_example.cpp, "connect"):
//
//   std::shared_ptr<Connector> connector = connectTCP(reactor, server, factory);
//   connector->disconnect();
//
// Errors: std::logic_error for a call that does not fit the state.
// Source: Twisted's IConnector.
class Connector : public std::enable_shared_from_this<Connector> {
 public:
  enum class State : unsigned char { disconnected, connecting, connected };

  Connector(Reactor& reactor, const Address& destination, std::shared_ptr<ClientFactory> factory,
            ConnectOptions options);

  // Starts an attempt. Requires: disconnected.
  void connect();
  // Ends the attempt; clientConnectionFailed follows. Requires: connecting.
  void stopConnecting();
  // Does what fits: ends the attempt, or closes the connection.
  void disconnect();
  const Address& getDestination() const noexcept { return destination_; }
  State state() const noexcept { return state_; }

 private:
  Task<void> attempt(std::shared_ptr<Connector> self);
  void failed(const Failure& reason);
  void lost(const Failure& reason);

  Reactor& reactor_;
  Address destination_;
  std::shared_ptr<ClientFactory> factory_;
  ConnectOptions options_;
  State state_ = State::disconnected;
  bool factory_started_ = false;
  std::optional<Deferred<void>> attempt_;
  std::weak_ptr<Transport> transport_;
};

// Connects to `peer` and has `factory` build the protocol; nothing is called before this returns.
//
// Source: Twisted's connectTCP.
std::shared_ptr<Connector> connectTCP(Reactor& reactor, const Address& peer,
                                      std::shared_ptr<ClientFactory> factory,
                                      ConnectOptions options = ConnectOptions());

}  // namespace coil
