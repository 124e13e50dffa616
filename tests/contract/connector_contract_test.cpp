// Covers: ports.h, protocol.h: connectors and ports that are used again and again, or given up.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "support/contract.h"
#include "support/probe.h"
#include "support/wine.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

// Makes one protocol after the other, and connects again as often as it is told to.
class Persistent : public ClientFactory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::make_shared<Probe>(&seen);
  }
  void startFactory() override { seen.push_back("start"); }
  void stopFactory() override { seen.push_back("stop"); }
  void clientConnectionFailed(Connector& connector, const Failure& reason) override {
    seen.push_back("failed");
    why = reason;
    again(connector);
  }
  void clientConnectionLost(Connector& connector, const Failure&) override {
    seen.push_back("client lost");
    again(connector);
  }

  Strings seen;
  Failure why;
  int tries_left = 0;

 private:
  void again(Connector& connector) {
    if (tries_left-- > 0) connector.connect();
  }
};

TEST_CASE("a connector that connects again when it was lost keeps its factory started") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto client = std::make_shared<Persistent>();
    client->tries_left = 2;
    auto connector = connectTCP(*reactor, listener.local_address(), client);
    for (int round = 0; round < 3; ++round) {
      TcpStream stream = co_await listener.accept();
      co_await stream.shutdown_write();
      CHECK(co_await read_to_end(stream) == "");
    }
    while (client->seen.back() != "stop") co_await yield();
    CHECK(client->seen == Strings{"start", "made", "lost", "client lost", "made", "lost",
                                  "client lost", "made", "lost", "client lost", "stop"});
    CHECK(connector->state() == Connector::State::disconnected);
  };
  run(*reactor, body());
}

TEST_CASE("a connector that connects again when it failed keeps its factory started") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener gone = TcpListener::bind(*reactor, Address::loopback(0));
    const Address address = gone.local_address();
    gone.close();
    auto client = std::make_shared<Persistent>();
    client->tries_left = 2;
    auto connector = connectTCP(*reactor, address, client);
    while (client->seen.back() != "stop") co_await yield();
    CHECK(client->seen == Strings{"start", "failed", "failed", "failed", "stop"});
  };
  run(*reactor, body());
}

TEST_CASE("connectTCP gives up after its timeout, or when it is told to, and says which") {
  COIL_CONTRACT(reactor);
  for (const bool told : {false, true}) {
    auto body = [&]() -> Task<void> {
      ListenOptions full = ListenOptions().set_backlog_max(0);
      TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0), full);
      std::vector<std::shared_ptr<Connector>> connectors;
      auto client = std::make_shared<Persistent>();
      ConnectOptions options = ConnectOptions().set_timeout(milliseconds(told ? 1'000'000 : 30));
      // Those that fit into the backlog are connected; one that does not waits.
      auto still_waits = [&] { return connectors.back()->state() == Connector::State::connecting; };
      for (bool waits = false; !waits;) {
        connectors.push_back(connectTCP(*reactor, listener.local_address(), client, options));
        for (int turn = 0; turn < 5 && still_waits(); ++turn) co_await sleep(milliseconds(1));
        waits = still_waits();
      }
      if (told) connectors.back()->stopConnecting();
      while (still_waits()) co_await sleep(milliseconds(1));
      CHECK(connectors.back()->state() == Connector::State::disconnected);
      CHECK(client->why.check<TimedOut>() == !told);
      for (const auto& connector : connectors) connector->disconnect();
      listener.close();
      while (client->seen.back() != "stop") co_await sleep(milliseconds(1));
    };
    run(*reactor, body());
  }
}

TEST_CASE("connectTCP comes from the address that it is told") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpListener other = TcpListener::bind(*reactor, Address::loopback(0));
    const Address from = other.local_address();
    other.close();
    auto client = std::make_shared<Persistent>();
    ConnectOptions options = ConnectOptions().set_bind_address(from);
    auto connector = connectTCP(*reactor, listener.local_address(), client, options);
    TcpStream stream = co_await listener.accept();
    CHECK(stream.peer_address() == from);
    while (connector->state() != Connector::State::connected) co_await yield();
    connector->disconnect();
    CHECK(co_await read_to_end(stream) == "");
    while (client->seen.back() != "stop") co_await yield();
  };
  run(*reactor, body());
}

TEST_CASE("an attempt that is ended at any step ends, also if it succeeds meanwhile") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    const Strings stopped = {"start", "failed", "stop"};
    const Strings closed = {"start", "made", "lost", "client lost", "stop"};
    for (int steps = 0; steps < 12; ++steps) {
      CAPTURE(steps);
      auto client = std::make_shared<Persistent>();
      auto connector = connectTCP(*reactor, listener.local_address(), client);
      // After half of the steps the server has taken the connection, and the client may not know.
      TcpStream stream;
      if (steps % 2 == 1) stream = co_await listener.accept();
      for (int step = 0; step < steps / 2; ++step) co_await yield();
      const bool was_connecting = connector->state() == Connector::State::connecting;
      connector->disconnect();
      while (client->seen.back() != "stop") co_await yield();
      CHECK(client->seen == (was_connecting ? stopped : closed));
      if (!stream.is_open()) continue;
      const Result<std::string> nothing = co_await as_result(read_to_end(stream));
      CHECK((!nothing || nothing.value().empty()));
    }
  };
  run(*reactor, body());
}

TEST_CASE("a port that listens already is not started again, and stops once for all who ask") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  auto body = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
    const Address host = port.getHost();
    port.startListening();
    CHECK(port.getHost() == host);
    CHECK(factory->seen == Strings{"start"});
    Deferred<void> first = port.stopListening();
    Deferred<void> second = port.stopListening();
    co_await first;
    co_await second;
    co_await port.stopListening();
    CHECK(factory->seen == Strings{"start", "stop"});
  };
  run(*reactor, body());
}

// Notes what a datagram port tells.
class Datagrams : public DatagramProtocol {
 public:
  void datagramReceived(ConstBytes, const Address&) override { ++received; }
  void connectionRefused() override { ++refused; }
  int received = 0;
  int refused = 0;
};

TEST_CASE("a connected datagram port is told that nobody is there, and goes on") {
  COIL_CONTRACT(reactor);
  if (wine_hides_refusals(*reactor)) return;
  auto body = [&]() -> Task<void> {
    DatagramSocket peer = DatagramSocket::bind(*reactor, Address::loopback(0));
    const Address address = peer.local_address();
    auto protocol = std::make_shared<Datagrams>();
    auto port = listenUDP(*reactor, Address::loopback(0), protocol);
    port->connect(address);
    peer.close();
    port->write("is anybody there?");
    while (protocol->refused == 0) co_await sleep(milliseconds(1));
    peer = DatagramSocket::bind(*reactor, address);
    port->write("and now?");
    std::array<std::byte, 32> buffer;
    const Datagram heard = co_await peer.receive(buffer);
    CHECK(as_text(ConstBytes(buffer).first(heard.size())) == "and now?");
    co_await peer.send("yes", port->getHost());
    while (protocol->received == 0) co_await sleep(milliseconds(1));
    co_await port->stopListening();
  };
  run(*reactor, body());
}

TEST_CASE("a datagram port queues up to its limit, again and again") {
  COIL_CONTRACT(reactor);
  constexpr std::size_t size = 1000;
  constexpr std::uint64_t fit = DatagramTransport::queued_bytes_max / size;
  auto body = [&]() -> Task<void> {
    DatagramSocket peer = DatagramSocket::bind(*reactor, Address::loopback(0));
    auto port = listenUDP(*reactor, Address::loopback(0), std::make_shared<Datagrams>());
    co_await sleep(milliseconds(1));  // The port's own receive is under way.
    const std::string text(size, 'x');
    for (int round = 0; round < 3; ++round) {
      const std::uint64_t before = reactor->counters().submitted;
      for (std::uint64_t count = 0; count < 3 * fit; ++count)
        port->write(text, peer.local_address());
      // Each that was queued is one operation.
      while (reactor->counters().submitted - before < fit) co_await yield();
      for (int turn = 0; turn < 20; ++turn) co_await yield();
      CHECK(reactor->counters().submitted - before == fit);
    }
    co_await port->stopListening();
  };
  run(*reactor, body());
}

}  // namespace
