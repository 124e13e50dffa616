// Covers: protocol.h, transport.h, ports.h: the callback side of TCP and UDP.
#include "support/contract.h"
#include "support/probe.h"
#include "support/wine.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

TEST_CASE("an echo protocol answers, and its callbacks come in order") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  factory->prepare = [](Probe& probe) {
    probe.on_data = [&probe](Transport& transport) {
      transport.write(std::exchange(probe.received, ""));
    };
  };
  with_port(*reactor, factory, [](TcpStream& client) -> Task<void> {
    co_await write_all(client, "hello");
    co_await client.shutdown_write();
    CHECK(co_await read_to_end(client) == "hello");
  });
  CHECK(factory->seen == Strings{"start", "made", "lost", "stop"});
  CHECK(factory->probes[0]->why.check<ConnectionDone>());
}

TEST_CASE("loseConnection delivers what was written before, once, and drops what comes after") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  const std::string large(3 << 20, 'x');
  factory->prepare = [&](Probe& probe) {
    probe.on_made = [&](Transport& transport) {
      transport.write(large);
      transport.loseConnection();
      transport.loseConnection();
      transport.write("too late");
      CHECK(probe.seen.back() == "made");
    };
  };
  with_port(*reactor, factory,
            [&](TcpStream& client) -> Task<void> { CHECK(co_await read_to_end(client) == large); });
  CHECK(factory->probes[0]->why.check<ConnectionDone>());
}

TEST_CASE("abortConnection resets the peer at once and reports ConnectionAborted once") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  const std::string large(3 << 20, 'x');
  factory->prepare = [&](Probe& probe) {
    probe.on_data = [&](Transport& transport) {
      transport.write(large);
      transport.abortConnection();
      transport.abortConnection();
      transport.loseConnection();
      CHECK(probe.seen.back() == "made");
    };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    co_await write_all(client, "go");
    const auto lost = co_await as_result(read_to_end(client));
    if (!wine_hides_resets(*reactor)) {
      CHECK(lost.error().failure().check<ConnectionLost>());
    }
  });
  CHECK(factory->probes[0]->why.check<ConnectionAborted>());
  CHECK(factory->seen == Strings{"start", "made", "lost", "stop"});
}

TEST_CASE("an exception in dataReceived is logged and is the reason of the end") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  factory->prepare = [](Probe& probe) {
    probe.on_data = [](Transport& transport) {
      transport.abortConnection();
      throw std::runtime_error("bad protocol");
    };
  };
  with_port(*reactor, factory, [](TcpStream& client) -> Task<void> {
    co_await write_all(client, "x");
    static_cast<void>(co_await as_result(read_to_end(client)));
  });
  CHECK(factory->probes[0]->why.getErrorMessage() == "bad protocol");
  CHECK(reactor.log.size() == 1);
}

TEST_CASE("pause in connectionMade is honoured, and the data comes after resume") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  factory->prepare = [](Probe& probe) {
    probe.on_made = [](Transport& transport) { transport.pauseProducing(); };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    co_await write_all(client, "held back");
    co_await client.shutdown_write();
    co_await sleep(milliseconds(2));
    Probe& probe = *factory->probes.at(0);
    CHECK(probe.received.empty());
    probe.line().resumeProducing();
    CHECK(co_await read_to_end(client) == "");
    CHECK(probe.received == "held back");
  });
}

TEST_CASE("a peer that does not read is not read from, and memory stays bounded") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  factory->prepare = [](Probe& probe) {
    probe.on_data = [&probe](Transport& transport) {
      transport.write(std::exchange(probe.received, ""));
    };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    const std::string chunk(64 * 1024, 'x');
    std::size_t sent = 0;
    for (;;) {
      auto write = with_timeout(milliseconds(20), client.write_some(chunk));
      const Result<std::size_t> some = co_await as_result(std::move(write));
      if (!some) break;
      sent += *some;
      REQUIRE(sent < 1U << 30);
    }
    CHECK(factory->probes[0]->line().buffered_bytes() <
          WaterMarks().high_bytes + reactor->buffers().buffer_size() + 1);
    auto end = [&]() -> Task<void> { co_await client.shutdown_write(); };
    auto [nothing, text] = co_await when_all(end(), read_to_end(client));
    static_cast<void>(nothing);
    CHECK(text.size() == sent);
  });
}

TEST_CASE("a half-closeable protocol hears both ends and goes on in between") {
  COIL_CONTRACT(reactor);
  class HalfProbe : public Protocol, public HalfCloseableProtocol {
   public:
    explicit HalfProbe(Strings* notes) : seen(*notes) {}
    void dataReceived(ConstBytes) override {}
    void readConnectionLost() override {
      seen.push_back("read lost");
      transport().write("still here");
      transport().loseWriteConnection();
    }
    void writeConnectionLost() override {
      seen.push_back("write lost");
      transport().loseConnection();
    }
    void connectionLost(const Failure&) override { seen.push_back("lost"); }
    Strings& seen;
  };
  Strings seen;
  auto body = [&]() -> Task<void> {
    auto factory = Factory::forProtocol<HalfProbe>(&seen);
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
    TcpStream client = co_await TcpStream::connect(*reactor, port.getHost());
    co_await client.shutdown_write();
    CHECK(co_await read_to_end(client) == "still here");
    co_await port.stopListening();
    while (port.connections() != 0) co_await yield();
  };
  run(*reactor, body());
  CHECK(seen == Strings{"read lost", "write lost", "lost"});
}

TEST_CASE("a factory that refuses or throws loses that connection only") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  factory->refuses = true;
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    CHECK(co_await read_to_end(client) == "");
    factory->refuses = false;
    factory->prepare = [](Probe&) { throw std::runtime_error("no protocol today"); };
    TcpStream second = co_await TcpStream::connect(*reactor, client.peer_address());
    CHECK(co_await read_to_end(second) == "");
    factory->prepare = [](Probe& probe) {
      probe.on_made = [](Transport& transport) { transport.loseConnection(); };
    };
    TcpStream third = co_await TcpStream::connect(*reactor, client.peer_address());
    CHECK(co_await read_to_end(third) == "");
  });
  CHECK(reactor.log.size() == 1);
  CHECK(factory->probes.size() == 1);
}

TEST_CASE("a port that was stopped can be started again at the same address") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto factory = std::make_shared<ProbeFactory>();
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
    const Address address = port.getHost();
    co_await port.stopListening();
    co_await port.stopListening();
    port.startListening();
    CHECK(port.getHost() == address);
    co_await port.stopListening();
    CHECK(factory->seen == Strings{"start", "stop", "start", "stop"});
  };
  run(*reactor, body());
}

class Client : public ClientFactory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    probe = std::make_shared<Probe>(&seen);
    probe->on_made = [](Transport& transport) { transport.write("from the client"); };
    return probe;
  }
  void startedConnecting(Connector&) override { seen.push_back("connecting"); }
  void clientConnectionFailed(Connector&, const Failure& reason) override {
    why = reason;
    seen.push_back("failed");
  }
  void clientConnectionLost(Connector&, const Failure&) override { seen.push_back("client lost"); }
  void startFactory() override { seen.push_back("start"); }
  void stopFactory() override { seen.push_back("stop"); }
  Strings seen;
  Failure why;
  std::shared_ptr<Probe> probe;
};

TEST_CASE("connectTCP calls nothing before it returns, and then everything in order") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto client = std::make_shared<Client>();
    auto connector = connectTCP(*reactor, listener.local_address(), client);
    CHECK(client->seen == Strings{"start"});
    CHECK_THROWS_AS(connector->connect(), std::logic_error);
    TcpStream stream = co_await listener.accept();
    std::string text(15, ' ');
    co_await read_exactly(stream, text);
    CHECK(text == "from the client");
    connector->disconnect();
    CHECK(co_await read_to_end(stream) == "");
    while (client->seen.back() != "stop") co_await yield();
    CHECK(client->seen == Strings{"start", "connecting", "made", "lost", "client lost", "stop"});
  };
  run(*reactor, body());
}

TEST_CASE("a refused connectTCP reports the failure with the system's code") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener gone = TcpListener::bind(*reactor, Address::loopback(0));
    const Address address = gone.local_address();
    gone.close();
    auto client = std::make_shared<Client>();
    auto connector = connectTCP(*reactor, address, client);
    while (client->seen.back() != "stop") co_await yield();
    CHECK(client->seen == Strings{"start", "connecting", "failed", "stop"});
    CHECK(client->why.check<ConnectionRefusedError>());
    CHECK_THROWS_AS(connector->stopConnecting(), std::logic_error);
  };
  run(*reactor, body());
}

TEST_CASE("a datagram protocol answers, survives its own exceptions, and stops once") {
  COIL_CONTRACT(reactor);
  class UdpProbe : public DatagramProtocol {
   public:
    explicit UdpProbe(Strings& notes) : seen(notes) {}
    void startProtocol() override { seen.push_back("start"); }
    void datagramReceived(ConstBytes data, const Address& peer) override {
      if (data.empty()) throw std::runtime_error("an empty one");
      transport().write(data, peer);
    }
    void stopProtocol() override { seen.push_back("stop"); }
    Strings& seen;
  };
  Strings seen;
  auto body = [&]() -> Task<void> {
    auto port = listenUDP(*reactor, Address::loopback(0), std::make_shared<UdpProbe>(seen));
    DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
    co_await client.send("", port->getHost());
    co_await client.send("ping", port->getHost());
    std::array<std::byte, 8> buffer;
    CHECK((co_await client.receive(buffer)).size() == 4);
    const Address self = port->getHost();
    port->connect(client.local_address());
    CHECK_THROWS_AS(port->connect(self), std::logic_error);
    Deferred<void> stopped = port->stopListening();
    CHECK(seen == Strings{"start"});
    co_await stopped;
  };
  run(*reactor, body());
  CHECK(seen == Strings{"start", "stop"});
  CHECK(reactor.log.size() == 1);
}

TEST_CASE("at a stop every protocol hears ConnectionLost") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
  auto connect = [&]() -> Task<void> {
    TcpStream client = co_await TcpStream::connect(*reactor, port.getHost());
    while (factory->seen.back() != "made") co_await yield();
    reactor->stop();
    co_await sleep(std::chrono::hours(1000));
  };
  detail::start_root<"client">(*reactor, connect());
  reactor->run();
  REQUIRE(factory->probes.size() == 1);
  CHECK(factory->probes[0]->why.check<ConnectionLost>());
  CHECK(std::count(factory->seen.begin(), factory->seen.end(), "stop") == 1);
}

}  // namespace
