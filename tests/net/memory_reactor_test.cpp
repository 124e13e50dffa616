// Covers: testing/memory_reactor.h, port_watcher.h: what is remembered, and how time passes.
#include <coil/net.h>
#include <doctest/doctest.h>

#include <coil/testing/accumulating_protocol.h>
#include <coil/testing/memory_connection.h>
#include <coil/testing/memory_reactor.h>

#include <chrono>
#include <memory>
#include <string>

using namespace coil;
using namespace coil::testing;
using std::chrono::seconds;

namespace {

class Client : public ClientFactory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::make_shared<AccumulatingProtocol>();
  }
  void startedConnecting(Connector&) override { heard += "connecting "; }
  void clientConnectionFailed(Connector&, const Failure& why) override {
    heard += why.check<TimedOut>() ? "timed out " : "failed ";
  }
  std::string heard;
};

class Datagrams : public DatagramProtocol {
  void datagramReceived(ConstBytes, const Address&) override {}
};

TEST_CASE("what listens is remembered, with what was asked for and what came of it") {
  MemoryReactor reactor;
  auto factory = Factory::forProtocol<AccumulatingProtocol>();
  ListeningPort fixed = listenTCP(reactor, Address::any(80), factory);
  ListeningPort chosen =
      listenTCP(reactor, Address::loopback(0), factory, ListenOptions().set_backlog_max(7));
  REQUIRE(reactor.tcpServers().size() == 2);
  const TcpServer& first = reactor.tcpServers()[0];
  CHECK(first.address == Address::any(80));
  CHECK(first.factory == factory);
  CHECK(first.options.backlog_max == ListenOptions().backlog_max);
  CHECK(first.port.getHost() == Address::any(80));
  const TcpServer& second = reactor.tcpServers()[1];
  CHECK(second.address == Address::loopback(0));
  CHECK(second.options.backlog_max == 7);
  CHECK(second.port.getHost() == chosen.getHost());
  CHECK(second.port.getHost().port() != 0);
  CHECK_THROWS_AS(listenTCP(reactor, Address::any(80), factory), CannotListenError);
  fixed.stopListening();
  reactor.advance(Duration::zero());
  CHECK(reactor.tcpServers().size() == 2);
}

TEST_CASE("an attempt to connect is remembered, and open until its time limit") {
  MemoryReactor reactor;
  const Address server = Address::parse("192.0.2.1:80").value();
  const Address from = Address::loopback(5000);
  auto factory = std::make_shared<Client>();
  auto other = std::make_shared<Client>();
  auto connector = connectTCP(reactor, server, factory);
  connectTCP(reactor, server, other,
             ConnectOptions().set_timeout(seconds(50)).set_bind_address(from));
  REQUIRE(reactor.tcpClients().size() == 2);
  const TcpClient& client = reactor.tcpClients()[0];
  CHECK(client.connector == connector);
  CHECK(client.connector->getDestination() == server);
  CHECK(client.factory == factory);
  CHECK(client.options.timeout == Duration(seconds(30)));
  CHECK_FALSE(client.options.bind_address.has_value());
  CHECK(reactor.tcpClients()[1].options.timeout == Duration(seconds(50)));
  CHECK(reactor.tcpClients()[1].options.bind_address == from);

  reactor.advance(seconds(29));
  CHECK(connector->state() == Connector::State::connecting);
  CHECK(factory->heard == "connecting ");
  reactor.advance(seconds(1));
  CHECK(factory->heard == "connecting timed out ");
  CHECK(other->heard == "connecting ");
  reactor.tcpClients()[1].connector->stopConnecting();
  reactor.advance(Duration::zero());
  CHECK(other->heard == "connecting failed ");
}

TEST_CASE("a datagram port is remembered") {
  MemoryReactor reactor;
  auto protocol = std::make_shared<Datagrams>();
  listenUDP(reactor, Address::loopback(0), protocol);
  REQUIRE(reactor.udpServers().size() == 1);
  const UdpServer& server = reactor.udpServers()[0];
  CHECK(server.address == Address::loopback(0));
  CHECK(server.protocol == protocol);
  CHECK(server.port->getHost().port() != 0);
}

TEST_CASE("the factories can be driven by hand, without the network") {
  MemoryReactor reactor;
  listenTCP(reactor, Address::any(80), Factory::forProtocol<AccumulatingProtocol>());
  connectTCP(reactor, Address::loopback(80), std::make_shared<Client>());
  auto server = reactor.tcpServers()[0].factory->buildProtocol(Address::loopback(5000));
  auto client = reactor.tcpClients()[0].factory->buildProtocol(Address::loopback(80));
  const auto connection = connect_in_memory(client, server);
  connection->client_transport().write("hello");
  connection->flush();
  CHECK(std::dynamic_pointer_cast<AccumulatingProtocol>(server)->data == "hello");
}

TEST_CASE("what listens answers those who connect while the time is advanced") {
  MemoryReactor reactor;
  ListeningPort port =
      listenTCP(reactor, Address::any(80), Factory::forProtocol<AccumulatingProtocol>());
  auto connector = connectTCP(reactor, Address::loopback(80), std::make_shared<Client>());
  CHECK(connector->state() == Connector::State::connecting);
  reactor.advance(seconds(1));
  CHECK(connector->state() == Connector::State::connected);
  CHECK(port.connections() == 1);
}

TEST_CASE("time moves by what was asked for, and calls are made that fall due") {
  MemoryReactor reactor;
  const TimePoint start = reactor.now();
  int calls = 0;
  reactor.callLater(seconds(2), [&] {
    ++calls;
    reactor.callLater(seconds(1), [&] { ++calls; });
  });
  reactor.advance(seconds(1));
  CHECK(calls == 0);
  reactor.advance(seconds(1));
  CHECK(calls == 1);
  CHECK(reactor.now() - start == seconds(2));
  reactor.advance(seconds(1));
  CHECK(calls == 2);
  CHECK(reactor.now() - start == seconds(3));
  CHECK_THROWS_AS(reactor.advance(seconds(-1)), std::invalid_argument);
}

TEST_CASE("a watcher of one's own hears of each port, and not of one that failed") {
  class Watcher : public PortWatcher {
   public:
    void listens(const ListeningPort& port, const Address& asked, const std::shared_ptr<Factory>&,
                 const ListenOptions&) override {
      CHECK(asked.port() == 0);
      CHECK(port.getHost().port() != 0);
      ++ports;
    }
    int ports = 0;
  };
  SimulatedReactor reactor(1);
  auto watcher = std::make_shared<Watcher>();
  reactor.install<PortWatcher>(watcher);
  auto factory = Factory::forProtocol<AccumulatingProtocol>();
  ListeningPort port = listenTCP(reactor, Address::loopback(0), factory);
  CHECK(watcher->ports == 1);
  CHECK_THROWS_AS(listenTCP(reactor, port.getHost(), factory), CannotListenError);
  CHECK(watcher->ports == 1);
  listenUDP(reactor, Address::loopback(0), std::make_shared<Datagrams>());
  CHECK(watcher->ports == 1);
}

}  // namespace
