// MemoryReactor: writes down what listens and connects, for a test that drives it by hand.
#pragma once

#include <coil/net/connector.h>
#include <coil/net/ports.h>
#include <coil/testing/simulated_reactor.h>

#include <memory>
#include <utility>
#include <vector>

namespace coil::testing {

// One call of listenTCP.
//
// Example (tests/examples/memory_example.cpp, "listened"):
//
//   const TcpServer& server = reactor.tcpServers().at(0);
//   std::shared_ptr<Protocol> protocol = server.factory->buildProtocol(Address::loopback(5000));
class TcpServer {
 public:
  TcpServer(const Address& local, std::shared_ptr<Factory> made_by, const ListenOptions& how,
            ListeningPort result)
      : address(local), factory(std::move(made_by)), options(how), port(std::move(result)) {}
  Address address;  // What was asked for; port.getHost() says what came of it.
  std::shared_ptr<Factory> factory;
  ListenOptions options;
  ListeningPort port;
};

// One call of connectTCP.
//
// Example (tests/examples/memory_example.cpp, "connected"):
//
//   const TcpClient& client = reactor.tcpClients().at(0);
//   client.factory->clientConnectionFailed(*client.connector, Failure(std::runtime_error("no")));
class TcpClient {
 public:
  TcpClient(std::shared_ptr<ClientFactory> made_by, const ConnectOptions& how,
            std::shared_ptr<Connector> result)
      : factory(std::move(made_by)), options(how), connector(std::move(result)) {}
  std::shared_ptr<ClientFactory> factory;
  ConnectOptions options;
  std::shared_ptr<Connector> connector;  // It knows the address, as getDestination().
};

// One call of listenUDP.
//
// Example (tests/examples/memory_example.cpp, "listened"):
//
//   std::puts(reactor.udpServers().at(0).port->getHost().to_string().c_str());
class UdpServer {
 public:
  UdpServer(const Address& local, std::shared_ptr<DatagramProtocol> user,
            std::shared_ptr<DatagramTransport> result)
      : address(local), protocol(std::move(user)), port(std::move(result)) {}
  Address address;
  std::shared_ptr<DatagramProtocol> protocol;
  std::shared_ptr<DatagramTransport> port;
};

// MemoryReactor: a simulated reactor that remembers what was listened at and connected to.
//
// Example (tests/examples/memory_example.cpp, "connected"):
//
//   MemoryReactor reactor;
//   start_client(reactor);                        // Calls connectTCP somewhere inside.
//   reactor.advance(std::chrono::seconds(29));    // Nothing answers, unless the test listens.
//
// Guarantees: Everything that was asked for is kept, in the order of the calls, also when it has
//             ended. An attempt to connect to where nobody listens stays open until its time limit.
//             Time moves in advance() and the loop only, and nothing leaves the process.
// Source:     Twisted's MemoryReactorClock.
class MemoryReactor final : public SimulatedReactor {
 public:
  MemoryReactor();
  ~MemoryReactor() override;

  // Turns the loop until `amount` has passed, and nobody is ready to go on.
  //
  // Errors: std::invalid_argument for a negative amount.
  void advance(Duration amount);

  const std::vector<TcpServer>& tcpServers() const noexcept;
  const std::vector<TcpClient>& tcpClients() const noexcept;
  const std::vector<UdpServer>& udpServers() const noexcept;

 private:
  class Records;

  std::shared_ptr<Records> records_;
};

}  // namespace coil::testing
