// connectTCP: connections that a ClientFactory builds the protocols of.
#pragma once

#include <coil/net/address.h>
#include <coil/net/protocol.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <chrono>
#include <memory>
#include <optional>

namespace coil {

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
  Duration timeout = std::chrono::seconds(30);  // For the attempt as a whole.
  std::optional<Address> bind_address;
};

// Connector: one client connection, its attempts included.
//
// Example (tests/examples/protocol_example.cpp, "connect"):
//
//   std::shared_ptr<Connector> connector = connectTCP(reactor, server, factory);
//   connector->disconnect();
//
// Guarantees: connect() called from clientConnectionFailed or clientConnectionLost starts the next
//             attempt without stopping the factory in between. An exception in one of the factory's
//             calls is logged, one from buildProtocol or startedConnecting fails the attempt.
// Source:     Twisted's IConnector.
class Connector : public std::enable_shared_from_this<Connector> {
 public:
  enum class State : unsigned char { disconnected, connecting, connected };

  Connector(Reactor& reactor, const Address& destination, std::shared_ptr<ClientFactory> factory,
            ConnectOptions options);

  // Starts an attempt.
  //
  // Errors: std::logic_error unless disconnected; ReactorNotRunning once an attempt or a connection
  //         has ended while the reactor was being stopped, so that nobody reconnects for ever.
  void connect();
  // Ends the attempt; clientConnectionFailed follows, with a UserError.
  //
  // Errors: NotConnectingError unless connecting, also when it was called before.
  void stopConnecting();
  // Does what fits: ends the attempt, or closes the connection.
  void disconnect();
  const Address& getDestination() const noexcept { return destination_; }
  State state() const noexcept { return state_; }
  Reactor& reactor() const noexcept { return reactor_; }

 private:
  class Connection;

  Task<void> attempt(std::shared_ptr<Connector> self);
  void failed(const Failure& reason);
  void lost(const Failure& reason);
  void disconnected(const Failure& why) noexcept;
  Failure why_ended(const Failure& reason) const;
  template <class Call>
  void tell(const char* what, Call call) noexcept;
  void leave_factory() noexcept;

  Reactor& reactor_;
  Address destination_;
  std::shared_ptr<ClientFactory> factory_;
  ConnectOptions options_;
  State state_ = State::disconnected;
  bool factory_started_ = false;
  bool stop_asked_ = false;
  bool reactor_stops_ = false;
  std::optional<Deferred<void>> attempt_;
  std::weak_ptr<Transport> transport_;
};

// Connects to `peer` and has `factory` build the protocol; but for startFactory, nothing is called
// before this returns. clientConnectionFailed gets a ConnectError: UserError after stopConnecting,
// TimedOut, ConnectionRefusedError, NoRouteError, ConnectBindError, or NoProtocol where the factory
// built none; or what buildProtocol threw.
//
// Source: Twisted's connectTCP.
std::shared_ptr<Connector> connectTCP(Reactor& reactor, const Address& peer,
                                      std::shared_ptr<ClientFactory> factory,
                                      ConnectOptions options = ConnectOptions());

}  // namespace coil
