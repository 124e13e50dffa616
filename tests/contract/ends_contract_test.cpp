// Covers: transport.h, protocol.h: the ways in which a connection ends, and what may coincide.
#include <algorithm>
#include <array>

#include "support/contract.h"
#include "support/probe.h"
#include "support/wine.h"

using namespace coil;
using namespace coil::testing;

namespace {

constexpr std::size_t much = 4'000'000;  // More than a kernel takes from one who is not read.

// A Probe that hears of half closes.
class HalfProbe : public Probe, public HalfCloseableProtocol {
 public:
  using Probe::Probe;
  void readConnectionLost() override {
    seen.push_back("read lost");
    if (on_read_lost) on_read_lost(transport());
  }
  void writeConnectionLost() override {
    seen.push_back("write lost");
    if (on_write_lost) on_write_lost(transport());
  }

  std::function<void(Transport&)> on_read_lost;
  std::function<void(Transport&)> on_write_lost;
};

// Runs body(client) while `probe` serves the other end; it has been made by then.
template <class P, class Body>
void with_probe(Reactor& reactor, const std::shared_ptr<P>& probe, Body body) {
  auto all = [&]() -> Task<void> {
    BriefPair pair;
    co_await make_pair(reactor, pair);
    attach(std::move(pair.there), probe);
    while (probe->seen.empty()) co_await yield();
    co_await body(pair.here);
    while (probe->seen.back() != "lost") co_await yield();
    for (int turn = 0; turn < 5; ++turn) co_await yield();
  };
  run(reactor, all());
}

// Whether the system still knows the other end.
bool knows_peer(const TcpStream& stream) {
  try {
    static_cast<void>(stream.peer_address());
    return true;
  } catch (const SystemError&) {
    return false;
  }
}

std::size_t count(const Strings& seen, const std::string& what) {
  return static_cast<std::size_t>(std::count(seen.begin(), seen.end(), what));
}

TEST_CASE("what a callback throws after an abort is the reason of the end") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto probe = std::make_shared<Probe>(&seen);
  probe->on_data = [&](Transport& line) {
    line.abortConnection();
    CHECK(seen.back() == "made");
    throw std::runtime_error("and that is why");
  };
  with_probe(*reactor, probe, [&](TcpStream& client) -> Task<void> {
    co_await write_all(client, "go");
    const Result<std::string> text = co_await as_result(read_to_end(client));
    CHECK_FALSE(text.has_value());
  });
  CHECK(count(seen, "lost") == 1);
  CHECK(probe->why.check<std::runtime_error>());
}

TEST_CASE("ends may be asked for in any order and number: the first one counts") {
  COIL_CONTRACT(reactor);
  using Order = std::vector<void (Transport::*)()>;
  const auto abort = &Transport::abortConnection;
  const auto lose = &Transport::loseConnection;
  const auto half = &Transport::loseWriteConnection;
  for (const Order& order :
       {Order{abort, abort}, Order{abort, lose}, Order{lose, abort}, Order{lose, lose},
        Order{half, lose, lose}, Order{half, half, abort}, Order{lose, half, lose}}) {
    Strings seen;
    auto probe = std::make_shared<Probe>(&seen);
    const bool aborts = std::find(order.begin(), order.end(), abort) != order.end();
    with_probe(*reactor, probe, [&](TcpStream& client) -> Task<void> {
      for (const auto& each : order) (probe->line().*each)();
      CHECK(seen == Strings{"made"});
      const Result<std::string> text = co_await as_result(read_to_end(client));
      CHECK(text.has_value() != aborts);
    });
    CHECK(seen == Strings{"made", "lost"});
    CHECK(probe->why.check<ConnectionAborted>() == aborts);
    CHECK(probe->why.check<ConnectionDone>() != aborts);
  }
}

TEST_CASE("a write finds out that the peer has gone, also while nothing is read") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto probe = std::make_shared<Probe>(&seen);
  with_probe(*reactor, probe, [&](TcpStream& client) -> Task<void> {
    probe->line().pauseProducing();
    client.abort();
    while (seen.back() != "lost") {
      probe->line().write("are you there?");
      co_await sleep(std::chrono::milliseconds(1));
    }
  });
  CHECK(probe->why.check<ConnectionLost>());
}

TEST_CASE("what came before the peer's end is delivered after a pause, and only then the end") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto probe = std::make_shared<HalfProbe>(&seen);
  probe->on_read_lost = [&](Transport& line) {
    CHECK(probe->received == "last words");
    line.loseConnection();
  };
  with_probe(*reactor, probe, [&](TcpStream& client) -> Task<void> {
    probe->line().pauseProducing();
    co_await write_all(client, "last ");
    co_await write_all(client, "words");
    co_await client.shutdown_write();
    for (int turn = 0; turn < 20; ++turn) co_await sleep(Duration::zero());
    CHECK(probe->received.empty());
    CHECK(seen == Strings{"made"});
    probe->line().resumeProducing();
  });
  CHECK(seen == Strings{"made", "read lost", "lost"});
  CHECK(probe->why.check<ConnectionDone>());
}

TEST_CASE("resuming a connection that is being closed reads nothing more") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto probe = std::make_shared<Probe>(&seen);
  with_probe(*reactor, probe, [&](TcpStream& client) -> Task<void> {
    probe->line().pauseProducing();
    co_await write_all(client, "unwanted");
    probe->line().write(std::string(much, 'x'));
    probe->line().loseConnection();
    probe->line().resumeProducing();
    static_cast<void>(co_await as_result(read_to_end(client)));
  });
  CHECK(probe->received.empty());
}

TEST_CASE("both sides close their halves, and the last word ends the connection once") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto probe = std::make_shared<HalfProbe>(&seen);
  probe->on_read_lost = [](Transport& line) { line.loseWriteConnection(); };
  probe->on_write_lost = [](Transport& line) { line.loseConnection(); };
  with_probe(*reactor, probe, [&](TcpStream& client) -> Task<void> {
    co_await client.shutdown_write();
    const std::string text = co_await read_to_end(client);
    CHECK(text.empty());
  });
  CHECK(seen == Strings{"made", "read lost", "write lost", "lost"});
  CHECK(probe->why.check<ConnectionDone>());
}

TEST_CASE("an exception in writeConnectionLost is logged and is the reason of the end") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto probe = std::make_shared<HalfProbe>(&seen);
  probe->on_write_lost = [](Transport&) { throw std::runtime_error("unexpected"); };
  with_probe(*reactor, probe, [&](TcpStream& client) -> Task<void> {
    probe->line().loseWriteConnection();
    static_cast<void>(co_await as_result(read_to_end(client)));
  });
  CHECK(seen == Strings{"made", "write lost", "lost"});
  CHECK(probe->why.check<std::runtime_error>());
  REQUIRE(reactor.log.size() == 1);
  CHECK(reactor.log[0].find("unexpected") != std::string::npos);
}

TEST_CASE("loseWriteConnection after the peer has gone passes silently") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto probe = std::make_shared<HalfProbe>(&seen);
  with_probe(*reactor, probe, [&](TcpStream& client) -> Task<void> {
    probe->line().pauseProducing();
    client.abort();
    for (int turn = 0; turn < 10; ++turn) co_await sleep(Duration::zero());
    probe->line().loseWriteConnection();
    for (int turn = 0; turn < 10; ++turn) co_await sleep(Duration::zero());
    probe->line().resumeProducing();
  });
  CHECK(seen.front() == "made");
  CHECK(seen.back() == "lost");
  CHECK(reactor.log.empty());
}

TEST_CASE("without half close the peer's end is the whole end, after what was being sent") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto probe = std::make_shared<Probe>(&seen);
  probe->on_data = [](Transport& line) { line.write(std::string(much, 'x')); };
  with_probe(*reactor, probe, [&](TcpStream& client) -> Task<void> {
    co_await write_all(client, "send me much");
    co_await client.shutdown_write();
    const std::string text = co_await read_to_end(client);
    CHECK(text.size() == much);
  });
  CHECK(seen == Strings{"made", "lost"});
  CHECK(probe->why.check<ConnectionDone>());
}

TEST_CASE("a protocol that comes to a connection whose peer has gone is made, and loses it") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto probe = std::make_shared<Probe>(&seen);
  auto all = [&]() -> Task<void> {
    BriefPair pair;
    co_await make_pair(*reactor, pair);
    pair.here.abort();
    while (knows_peer(pair.there)) co_await sleep(std::chrono::milliseconds(1));
    attach(std::move(pair.there), probe);
    while (seen.empty() || seen.back() != "lost") co_await yield();
  };
  run(*reactor, all());
  CHECK(seen == Strings{"made", "lost"});
  if (!wine_hides_resets(*reactor)) {
    CHECK(probe->why.check<ConnectionLost>());
  }
}

TEST_CASE("a protocol whose connection ended is let go of") {
  COIL_CONTRACT(reactor);
  Strings seen;
  std::weak_ptr<Probe> watched;
  {
    auto probe = std::make_shared<Probe>(&seen);
    watched = probe;
    auto all = [&]() -> Task<void> {
      BriefPair pair;
      co_await make_pair(*reactor, pair);
      attach(std::move(pair.there), std::move(probe));
      while (seen.empty()) co_await yield();
      CHECK_FALSE(watched.expired());
      pair.here.close();
      while (seen.back() != "lost") co_await yield();
    };
    run(*reactor, all());
  }
  CHECK(watched.expired());
}

// Asks for both addresses first and last.
class Addressed : public Probe {
 public:
  using Probe::Probe;
  void connectionMade() override {
    host = transport().getHost();
    peer = transport().getPeer();
    Probe::connectionMade();
  }
  void connectionLost(const Failure& reason) override {
    same = transport().getHost() == host && transport().getPeer() == peer;
    Probe::connectionLost(reason);
  }
  Address host;
  Address peer;
  bool same = false;
};

TEST_CASE("a protocol can still ask for both addresses when its connection is lost") {
  COIL_CONTRACT(reactor);
  for (const bool aborts : {false, true}) {
    Strings seen;
    auto probe = std::make_shared<Addressed>(&seen);
    with_probe(*reactor, probe, [&](TcpStream& client) -> Task<void> {
      CHECK(probe->host == client.peer_address());
      CHECK(probe->peer == client.local_address());
      if (aborts) probe->line().abortConnection();
      client.close();
      co_return;
    });
    CHECK(probe->same);
  }
}

// Writes in every way when nothing can be written any more.
class Belated : public Probe {
 public:
  using Probe::Probe;
  void connectionLost(const Failure& reason) override {
    const std::array<ConstBytes, 2> pieces = {"too", "late"};
    transport().write("too late");
    transport().writeSequence(pieces);
    transport().loseWriteConnection();
    transport().loseConnection();
    transport().abortConnection();
    CHECK(transport().buffered_bytes() == 0);
    Probe::connectionLost(reason);
  }
};

TEST_CASE("whatever a protocol asks of a connection that was lost, nothing comes of it") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto probe = std::make_shared<Belated>(&seen);
  with_probe(*reactor, probe, [](TcpStream& client) -> Task<void> {
    co_await client.shutdown_write();
    CHECK(co_await read_to_end(client) == "");
  });
  CHECK(seen == Strings{"made", "lost"});
  CHECK(probe->why.check<ConnectionDone>());
  CHECK(reactor.log.empty());
}

// Each thing of a connection holds a share of `held`: what is left over in the end is counted.
Task<void> connect_and_end(Reactor& reactor, std::shared_ptr<int> held) {
  auto served = std::make_shared<ProbeFactory>();
  auto connected = std::make_shared<ProbeFactory>();
  for (const auto& factory : {served, connected}) {
    factory->prepare = [held](Probe& probe) { probe.on_data = [held](Transport&) {}; };
  }
  TcpServerEndpoint here(reactor, Address::loopback(0));
  Deferred<ListeningPort> listening = here.listen(served);
  listening.addBoth([held](Result<ListeningPort> port) { return port; });
  ListeningPort port = co_await listening;
  TcpClientEndpoint there(reactor, port.getHost());
  Deferred<std::shared_ptr<Protocol>> connecting = there.connect(connected);
  connecting.addBoth([held](Result<std::shared_ptr<Protocol>> made) { return made; });
  {
    const std::shared_ptr<Protocol> protocol = co_await connecting;
    while (served->probes.empty()) co_await yield();
    CHECK(held.use_count() > 4);
    protocol->connection()->write("to each other");
    while (served->probes[0]->received.empty()) co_await yield();
    protocol->connection()->loseConnection();
  }
  while (served->seen.back() != "lost") co_await yield();
  Deferred<void> stopped = port.stopListening();
  stopped.addBoth([held](Result<void> result) { return result; });
  co_await stopped;
}

TEST_CASE("no protocol, factory, port or Deferred outlives its connection") {
  COIL_CONTRACT(reactor);
  const auto held = std::make_shared<int>();
  run(*reactor, connect_and_end(*reactor, held));
  for (int turn = 0; turn < 5; ++turn) reactor->iterate();
  CHECK(held.use_count() == 1);
}

}  // namespace
