// The examples of what tests protocols without a network.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <coil/testing/accumulating_protocol.h>
#include <coil/testing/memory_connection.h>
#include <coil/testing/memory_reactor.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

using namespace coil;
using namespace coil::testing;

namespace {

class Echo : public Protocol {
  void dataReceived(ConstBytes data) override { transport().write(data); }
};

class Datagrams : public DatagramProtocol {
  void datagramReceived(ConstBytes, const Address&) override {}
};

class Client : public ClientFactory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::make_shared<Echo>();
  }
  void clientConnectionFailed(Connector&, const Failure& why) override {
    failed = why.getErrorMessage();
  }
  std::string failed;
};

// [watch]
class PortList : public PortWatcher {
  void listens(const ListeningPort& port, const Address&, const std::shared_ptr<Factory>&,
               const ListenOptions&) override {
    std::puts(port.getHost().to_string().c_str());
  }
};
// [/watch]

}  // namespace

TEST_CASE("pump") {
  // [pump]
  auto client = std::make_shared<AccumulatingProtocol>();
  auto connection = connect_in_memory(client, std::make_shared<Echo>());
  client->line().write("hello");
  connection->flush();
  std::puts(client->data.c_str());
  // [/pump]
  CHECK(client->data == "hello");
}

TEST_CASE("steps") {
  auto client = std::make_shared<AccumulatingProtocol>();
  auto server = std::make_shared<Echo>();
  int steps = 0;
  // [steps]
  MemoryConnection connection(client, server);
  connection.set_piece_max(1);  // Each dataReceived gets a single byte.
  // [/steps]
  client->line().write("hello");
  // [steps]
  while (connection.pump()) ++steps;
  // [/steps]
  CHECK(steps == 6);  // The echo of the last byte takes one more.
  CHECK(client->data == "hello");
}

TEST_CASE("listened") {
  MemoryReactor reactor;
  listenTCP(reactor, Address::any(80), Factory::forProtocol<Echo>());
  listenUDP(reactor, Address::any(53), std::make_shared<Datagrams>());
  // [listened]
  const TcpServer& server = reactor.tcpServers().at(0);
  std::shared_ptr<Protocol> protocol = server.factory->buildProtocol(Address::loopback(5000));
  // [/listened]
  CHECK(protocol != nullptr);
  // [listened]
  std::puts(reactor.udpServers().at(0).port->getHost().to_string().c_str());
  // [/listened]
}

TEST_CASE("connected") {
  auto factory = std::make_shared<Client>();
  auto start_client = [&](Reactor& on) { connectTCP(on, Address::loopback(80), factory); };
  // [connected]
  MemoryReactor reactor;
  start_client(reactor);                      // Calls connectTCP somewhere inside.
  reactor.advance(std::chrono::seconds(29));  // Nothing answers, unless the test listens.
  // [/connected]
  CHECK(factory->failed.empty());
  // [connected]
  const TcpClient& client = reactor.tcpClients().at(0);
  client.factory->clientConnectionFailed(*client.connector, Failure(std::runtime_error("no")));
  // [/connected]
  CHECK(factory->failed == "no");
}

TEST_CASE("watch") {
  const auto reactor = make_reactor();
  // [watch]
  reactor->install<PortWatcher>(std::make_shared<PortList>());
  // [/watch]
  ListeningPort port = listenTCP(*reactor, Address::loopback(0), Factory::forProtocol<Echo>());
  port.stopListening();
}
