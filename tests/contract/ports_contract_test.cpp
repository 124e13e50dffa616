// Covers: ports.h, protocol.h: listening, connecting and stopping at odd moments.
#include <algorithm>
#include <string>

#include "support/contract.h"
#include "support/foreign_socket.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

class FailingStop : public ProbeFactory {
 public:
  void stopFactory() override {
    ProbeFactory::stopFactory();
    if (fails) throw std::runtime_error("stopFactory failed");
  }
  bool fails = true;
};

TEST_CASE("an exception in stopFactory fails stopListening, and the port can be started again") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<FailingStop>();
  auto all = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
    const Result<> stopped = co_await as_result(port.stopListening());
    CHECK(stopped.error().message() == "stopFactory failed");
    factory->fails = false;
    port.startListening();
    TcpStream client = co_await TcpStream::connect(*reactor, port.getHost());
    CHECK(client.is_open());
    client.close();
    co_await port.stopListening();
    while (port.connections() != 0) co_await yield();
  };
  run(*reactor, all());
}

TEST_CASE("where stopListening has come to its end, the address can be bound at once") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  auto all = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
    const Address host = port.getHost();
    for (int round = 0; round < 20; ++round) {
      // With a connection that was made, and one that nobody has accepted yet.
      TcpStream client = co_await TcpStream::connect(*reactor, host);
      if (round % 2 == 1) {
        while (factory->probes.size() <= static_cast<std::size_t>(round) / 2) co_await yield();
      }
      TcpStream late;
      if (round % 3 == 0) late = co_await TcpStream::connect(*reactor, host);
      co_await port.stopListening();
      {
        const TcpListener here = TcpListener::bind(*reactor, host);
      }
      port.startListening();
      CHECK(port.getHost() == host);
      for (const auto& probe : factory->probes) {
        if (probe->connection() != nullptr) probe->line().abortConnection();
      }
      client.abort();
      late.abort();
      factory->probes.resize(static_cast<std::size_t>(round + 1) / 2);
    }
    co_await port.stopListening();
    while (port.connections() != 0) co_await yield();
  };
  run(*reactor, all());
}

TEST_CASE("after stopListening no protocol is built, and a port that stops is not started") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  auto all = [&]() -> Task<void> {
    for (int turns = 0; turns < 6; ++turns) {
      ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
      TcpStream first = co_await TcpStream::connect(*reactor, port.getHost());
      TcpStream second = co_await TcpStream::connect(*reactor, port.getHost());
      for (int turn = 0; turn < turns; ++turn) co_await yield();
      const std::size_t built = factory->probes.size();
      Deferred<void> stopped = port.stopListening();
      CHECK_THROWS_AS(port.startListening(), std::logic_error);
      co_await stopped;
      CHECK(factory->probes.size() == built);
      first.abort();
      second.abort();
      while (port.connections() != 0) co_await yield();
    }
  };
  run(*reactor, all());
}

TEST_CASE("a port whose factory cannot start leaves the address free") {
  COIL_CONTRACT(reactor);
  class BadStart : public ProbeFactory {
    void startFactory() override { throw std::runtime_error("bad start"); }
  };
  const Address host = TcpListener::bind(*reactor, Address::loopback(0)).local_address();
  auto all = [&]() -> Task<void> {
    co_await yield();
    auto factory = std::make_shared<BadStart>();
    CHECK_THROWS_AS(listenTCP(*reactor, host, factory), std::runtime_error);
    co_await yield();
    const TcpListener here = TcpListener::bind(*reactor, host);
    CHECK(here.is_open());
  };
  run(*reactor, all());
}

TEST_CASE("an address that is taken is named, with its host, its port and the system's error") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  const TcpListener taken = TcpListener::bind(*reactor, Address::loopback(0));
  const Address host = taken.local_address();
  bool refused = false;
  try {
    listenTCP(*reactor, host, factory);
  } catch (const CannotListenError& error) {
    refused = true;
    CHECK(error.host() == "127.0.0.1");
    CHECK(error.port() == host.port());
    CHECK(error.code() == std::errc::address_in_use);
    CHECK(std::string(error.what()).find(host.to_string()) != std::string::npos);
  }
  CHECK(refused);
  CHECK(factory->seen.empty());
}

TEST_CASE("stopListening inside buildProtocol works, and the connection goes on") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  auto all = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
    bool stopped = false;
    factory->prepare = [&](Probe& probe) {
      port.stopListening().addCallback([&] { stopped = true; });
      probe.on_made = [](Transport& line) { line.write("still here"); };
    };
    TcpStream client = co_await TcpStream::connect(*reactor, port.getHost());
    std::string text(10, '.');
    co_await read_exactly(client, text);
    CHECK(text == "still here");
    while (!stopped) co_await yield();
    client.close();
    while (port.connections() != 0) co_await yield();
  };
  run(*reactor, all());
}

TEST_CASE("a factory that serves two ports is started and stopped once") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  auto all = [&]() -> Task<void> {
    ListeningPort one = listenTCP(*reactor, Address::loopback(0), factory);
    ListeningPort two = listenTCP(*reactor, Address::loopback(0), factory);
    co_await one.stopListening();
    CHECK(factory->seen == Strings{"start"});
    co_await two.stopListening();
  };
  run(*reactor, all());
  CHECK(factory->seen == Strings{"start", "stop"});
}

class Told : public ClientFactory {
 public:
  explicit Told(Strings* notes) : seen(*notes), probe(std::make_shared<Probe>(notes)) {}
  std::shared_ptr<Protocol> buildProtocol(const Address&) override { return probe; }
  void startedConnecting(Connector&) override { seen.push_back("connecting"); }
  void clientConnectionLost(Connector&, const Failure&) override { seen.push_back("client lost"); }
  void clientConnectionFailed(Connector&, const Failure&) override { seen.push_back("failed"); }
  Strings& seen;
  std::shared_ptr<Probe> probe;
};

TEST_CASE("a client's protocol hears of the loss before its factory, and wrong calls are refused") {
  COIL_CONTRACT(reactor);
  Strings notes;
  auto client = std::make_shared<Told>(&notes);
  auto all = [&]() -> Task<void> {
    ListeningPort port =
        listenTCP(*reactor, Address::loopback(0), std::make_shared<ProbeFactory>());
    auto connector = connectTCP(*reactor, port.getHost(), client);
    CHECK(connector->getDestination() == port.getHost());
    CHECK_THROWS_AS(connector->connect(), std::logic_error);
    while (notes.empty() || notes.back() != "made") co_await yield();
    CHECK(connector->state() == Connector::State::connected);
    CHECK_THROWS_AS(connector->stopConnecting(), std::logic_error);
    CHECK(client->probe->line().getPeer() == port.getHost());
    client->probe->line().setTcpNoDelay(false);
    CHECK_FALSE(client->probe->line().getTcpNoDelay());
    client->probe->line().setTcpKeepAlive(true);
    CHECK(client->probe->line().getTcpKeepAlive());
    connector->disconnect();
    while (notes.back() != "client lost") co_await yield();
    co_await port.stopListening();
    while (port.connections() != 0) co_await yield();
  };
  run(*reactor, all());
  CHECK(notes == Strings{"connecting", "made", "lost", "client lost"});
}

TEST_CASE("an abort with a full buffer towards a peer that does not read ends at once") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  const std::string large(8'000'000, 'x');
  with_port(*reactor, factory, [&](TcpStream&) -> Task<void> {
    while (factory->seen.back() != "made") co_await yield();
    factory->probes[0]->line().write(large);
    for (int turn = 0; turn < 5; ++turn) co_await yield();
    factory->probes[0]->line().abortConnection();
    while (factory->seen.back() != "lost") co_await yield();
  });
  CHECK(factory->probes[0]->why.check<ConnectionAborted>());
}

class BadEnds : public Probe, public HalfCloseableProtocol {
 public:
  using Probe::Probe;
  void readConnectionLost() override { throw std::runtime_error("bad end"); }
};

TEST_CASE("an exception in readConnectionLost is logged and is the reason of the end") {
  COIL_CONTRACT(reactor);
  Strings notes;
  auto probe = std::make_shared<BadEnds>(&notes);
  auto all = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpStream client = co_await TcpStream::connect(*reactor, listener.local_address());
    attach(co_await listener.accept(), probe);
    co_await client.shutdown_write();
    while (notes.empty() || notes.back() != "lost") co_await yield();
  };
  run(*reactor, all());
  CHECK(probe->why.getErrorMessage() == "bad end");
  CHECK(reactor.log.size() == 1);
}

class Datagrams : public DatagramProtocol {
 public:
  void startProtocol() override { seen.push_back("start"); }
  void datagramReceived(ConstBytes data, const Address&) override {
    seen.push_back(to_string(data));
    if (on_datagram) on_datagram();
  }
  void stopProtocol() override { seen.push_back("stop"); }
  DatagramTransport& port() { return transport(); }
  Strings seen;
  std::function<void()> on_datagram;
};

TEST_CASE("after stopListening inside datagramReceived no queued datagram is delivered") {
  COIL_CONTRACT(reactor);
  auto protocol = std::make_shared<Datagrams>();
  auto port = listenUDP(*reactor, Address::loopback(0), protocol);
  bool stopped = false;
  protocol->on_datagram = [&] {
    protocol->port().stopListening().addCallback([&] { stopped = true; });
    CHECK(protocol->seen.back() == "1");
  };
  auto all = [&]() -> Task<void> {
    DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
    for (const char* text : {"1", "2", "3"}) co_await client.send(text, port->getHost());
    while (!stopped) co_await yield();
  };
  run(*reactor, all());
  CHECK(protocol->seen == Strings{"start", "1", "stop"});
}

TEST_CASE("a port that is flooded with large datagrams leaves others their turns") {
  COIL_CONTRACT(reactor);
  if (reactor->name() == "simulated") return;  // It has no socket that sends in a callback.
  constexpr std::size_t datagrams = 64;
  constexpr std::size_t share = 256 * 1024;
  const std::string large(60'000, 'x');
  auto protocol = std::make_shared<Datagrams>();
  auto port = listenUDP(*reactor, Address::loopback(0), protocol);
  ForeignSocket sender(ForeignSocket::Kind::datagram);
  sender.connect_to_loopback(port->getHost().port());
  std::size_t received = 0;
  std::size_t in_a_row = 0;
  std::size_t most_in_a_row = 0;
  protocol->on_datagram = [&] {
    most_in_a_row = std::max(most_in_a_row, in_a_row += large.size());
    if (++received < datagrams) static_cast<void>(sender.send(large));
  };
  auto all = [&]() -> Task<void> {
    REQUIRE(sender.send(large) == static_cast<std::ptrdiff_t>(large.size()));
    while (received < datagrams) {
      co_await yield();
      in_a_row = 0;
    }
    co_await port->stopListening();
  };
  run(*reactor, all());
  CHECK(most_in_a_row <= share + large.size());
}

TEST_CASE("a datagram protocol that was stopped can listen again") {
  COIL_CONTRACT(reactor);
  auto protocol = std::make_shared<Datagrams>();
  auto all = [&]() -> Task<void> {
    for (int time = 0; time < 2; ++time) {
      auto port = listenUDP(*reactor, Address::loopback(0), protocol);
      DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
      co_await client.send("x", port->getHost());
      while (protocol->seen.empty() || protocol->seen.back() != "x") co_await yield();
      co_await port->stopListening();
    }
  };
  run(*reactor, all());
  CHECK(protocol->seen == Strings{"start", "x", "stop", "start", "x", "stop"});
}

TEST_CASE("a protocol's callback may resume a coroutine that lets go of the protocol") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  Event heard;
  factory->prepare = [&](Probe& probe) { probe.on_data = [&](Transport&) { heard.set(); }; };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    co_await write_all(client, "x");
    co_await heard.wait();
    factory->probes[0]->line().abortConnection();
    factory->probes.clear();
    while (factory->seen.back() != "lost") co_await yield();
  });
}

}  // namespace
