// Covers: protocol_wrapper.h, connection_limits.h, throttling.h, timeout_mixin.h, traffic_log.h:
// policies between a real transport and a protocol.
#include <coil/testing/clock.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <optional>
#include <sstream>

#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Each policy with limits that are never reached, around a factory.
using Around = std::function<std::shared_ptr<Factory>(ReactorTime&, std::shared_ptr<Factory>)>;

std::unique_ptr<std::ostream> open_log(std::uint64_t, const Address&) {
  return std::make_unique<std::ostringstream>();
}

const std::vector<Around> policies = {
    [](ReactorTime&, auto inner) { return std::make_shared<WrappingFactory>(inner); },
    [](ReactorTime&, auto inner) { return std::make_shared<LimitTotalConnections>(inner, 5); },
    [](ReactorTime&, auto inner) { return std::make_shared<LimitConnectionsByPeer>(inner, 5); },
    [](ReactorTime& time, auto inner) {
      return std::make_shared<TimeoutFactory>(time, inner, hours(1));
    },
    [](ReactorTime& time, auto inner) {
      const auto rate = std::make_shared<TokenBucket>(time, 1U << 30);
      return std::make_shared<ThrottlingFactory>(
          time, inner, ThrottlingLimits().set_reads(rate).set_writes(rate));
    },
    [](ReactorTime&, auto inner) {
      return std::make_shared<TrafficLoggingFactory>(inner, &open_log);
    },
    [](ReactorTime& time, auto inner) {
      std::shared_ptr<Factory> all = inner;
      for (std::size_t index = 0; index < 6; ++index) all = policies[index](time, all);
      return all;
    },
};

// Runs body(client, port) against a port that serves the factory; the port is stopped at the end.
template <class Body>
void serve(Reactor& reactor, const std::shared_ptr<Factory>& factory, Body body) {
  auto all = [&]() -> Task<void> {
    ListeningPort port = listenTCP(reactor, Address::loopback(0), factory);
    TcpStream client = co_await TcpStream::connect(reactor, port.getHost());
    co_await body(client, port);
    client.close();
    co_await port.stopListening();
    while (port.connections() != 0) co_await yield();
  };
  run(reactor, all());
}

Task<void> settle() {
  for (int turn = 0; turn < 50; ++turn) co_await sleep(Duration::zero());
}

TEST_CASE("an echo through any policy, and through all of them, is what it is without") {
  COIL_CONTRACT(reactor);
  for (std::size_t index = 0; index < policies.size(); ++index) {
    CAPTURE(index);
    auto inner = std::make_shared<ProbeFactory>();
    inner->prepare = [](Probe& probe) {
      probe.on_data = [&probe](Transport& line) { line.write(std::exchange(probe.received, "")); };
    };
    const std::string sent(300'000, 'x');
    auto body = [&](TcpStream& client, ListeningPort&) -> Task<void> {
      auto write = [&]() -> Task<void> {
        co_await write_all(client, sent);
        co_await client.shutdown_write();
      };
      std::string got;
      auto read = [&]() -> Task<void> { got = co_await read_to_end(client); };
      co_await when_all(write(), read());
      CHECK(got == sent);
    };
    serve(*reactor, policies[index](*reactor, inner), body);
    CHECK(inner->seen == Strings{"start", "made", "lost", "stop"});
    CHECK(inner->probes[0]->why.check<ConnectionDone>());
    CHECK(reactor->getDelayedCalls().empty());
    CHECK(inner->probes[0].use_count() == 1);
  }
}

class HalfProbe : public Probe, public HalfCloseableProtocol {
 public:
  using Probe::Probe;
  void readConnectionLost() override {
    seen.push_back("read lost");
    line().write(received);
    line().loseWriteConnection();
  }
  void writeConnectionLost() override {
    seen.push_back("write lost");
    line().loseConnection();
  }
};

class HalfFactory : public Factory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::make_shared<HalfProbe>(&seen);
  }
  Strings seen;
};

TEST_CASE("a half close passes through any policy, and through all of them") {
  COIL_CONTRACT(reactor);
  for (std::size_t index = 0; index < policies.size(); ++index) {
    CAPTURE(index);
    auto inner = std::make_shared<HalfFactory>();
    auto body = [](TcpStream& client, ListeningPort&) -> Task<void> {
      co_await write_all(client, "question");
      co_await client.shutdown_write();
      CHECK(co_await read_to_end(client) == "question");
    };
    serve(*reactor, policies[index](*reactor, inner), body);
    CHECK(inner->seen == Strings{"made", "read lost", "write lost", "lost"});
  }
}

TEST_CASE("a connection beyond the limit is closed, and there is room when one has ended") {
  COIL_CONTRACT(reactor);
  auto inner = std::make_shared<ProbeFactory>();
  for (const std::shared_ptr<WrappingFactory>& factory :
       std::initializer_list<std::shared_ptr<WrappingFactory>>{
           std::make_shared<LimitTotalConnections>(inner, 1),
           std::make_shared<LimitConnectionsByPeer>(inner, 1),
           std::make_shared<ThrottlingFactory>(*reactor, inner,
                                               ThrottlingLimits().set_connections_max(1))}) {
    auto body = [&](TcpStream& client, ListeningPort& port) -> Task<void> {
      while (factory->connections() != 1) co_await yield();
      TcpStream refused = co_await TcpStream::connect(*reactor, port.getHost());
      CHECK(co_await read_to_end(refused) == "");
      client.close();
      while (factory->connections() != 0) co_await yield();
      TcpStream again = co_await TcpStream::connect(*reactor, port.getHost());
      // It counts from its building on, a moment before it is connected.
      while (factory->connections() != 1) co_await yield();
      while (!inner->probes.back()->connected()) co_await yield();
      inner->probes.back()->line().write("welcome");
      inner->probes.back()->line().loseConnection();
      CHECK(co_await read_to_end(again) == "welcome");
    };
    serve(*reactor, factory, body);
  }
  CHECK(inner->probes.size() == 6);
}

TEST_CASE("an idle connection is closed, unless something is read or written in time") {
  COIL_CONTRACT(reactor);
  Clock clock;
  auto inner = std::make_shared<ProbeFactory>();
  auto factory = std::make_shared<TimeoutFactory>(clock, inner, seconds(10));
  auto body = [&](TcpStream& client, ListeningPort&) -> Task<void> {
    while (inner->probes.empty() || inner->seen.back() != "made") co_await yield();
    Probe& probe = *inner->probes[0];
    clock.advance(seconds(9));
    co_await write_all(client, "a read");
    while (probe.received != "a read") co_await yield();
    clock.advance(seconds(9));
    probe.line().write("a write");
    clock.advance(seconds(9));
    co_await settle();
    CHECK(inner->seen.back() == "made");
    clock.advance(seconds(1));
    CHECK(co_await read_to_end(client) == "a write");
  };
  serve(*reactor, factory, body);
  CHECK(inner->probes[0]->why.check<ConnectionDone>());
  CHECK(clock.getDelayedCalls().empty());
}

// Whatever the pieces are that a kernel gives, what came is never more than the rate and one of
// them, and all of it comes in the end.
TEST_CASE("a throttled connection reads no faster than the rate") {
  COIL_CONTRACT(reactor);
  Clock clock;
  constexpr std::size_t rate = 1000;
  auto inner = std::make_shared<ProbeFactory>();
  std::size_t received = 0;
  std::size_t largest = 0;
  inner->prepare = [&](Probe& probe) {
    probe.on_data = [&](Transport&) {
      largest = std::max(largest, probe.received.size() - received);
      received = probe.received.size();
    };
  };
  const auto limits =
      ThrottlingLimits().set_reads(std::make_shared<TokenBucket>(clock, std::uint64_t{rate}));
  auto factory = std::make_shared<ThrottlingFactory>(clock, inner, limits);
  auto body = [&](TcpStream& client, ListeningPort&) -> Task<void> {
    const std::string piece(700, 'x');
    std::size_t sent = 0;
    for (std::size_t allowed = rate; allowed <= 10 * rate; allowed += rate) {
      co_await write_all(client, piece);
      co_await write_all(client, piece);
      sent += 2 * piece.size();
      while (clock.getDelayedCalls().empty()) co_await yield();  // Until it pauses.
      const std::size_t before = received;
      CHECK(before > allowed);
      CHECK(before <= allowed + largest);
      co_await settle();
      CHECK(received == before);
      clock.advance(seconds(1));
    }
    // A connection that pauses would not notice the client's end.
    while (received != sent || !clock.getDelayedCalls().empty()) {
      clock.advance(seconds(1));
      co_await yield();
    }
  };
  serve(*reactor, factory, body);
  CHECK(clock.getDelayedCalls().empty());
}

// Makes pieces of 500 bytes as it is asked for them.
class Source : public Producer {
 public:
  explicit Source(Transport& to) : to_(to) {}
  void resumeProducing() override {
    to_.write(std::string(500, 'x'));
    if (++made == 6) to_.unregisterProducer();
  }
  void stopProducing() override {}
  int made = 0;

 private:
  Transport& to_;
};

TEST_CASE("a throttled producer makes its pieces as the rate allows them") {
  COIL_CONTRACT(reactor);
  Clock clock;
  auto inner = std::make_shared<ProbeFactory>();
  std::unique_ptr<Source> source;
  inner->prepare = [&](Probe& probe) {
    probe.on_made = [&](Transport& line) {
      source = std::make_unique<Source>(line);
      line.registerProducer(*source, false);
      line.loseConnection();
    };
  };
  const auto limits = ThrottlingLimits().set_writes(std::make_shared<TokenBucket>(clock, 1000U));
  auto factory = std::make_shared<ThrottlingFactory>(clock, inner, limits);
  auto body = [&](TcpStream& client, ListeningPort&) -> Task<void> {
    std::string text(1500, '.');
    co_await read_exactly(client, text);
    text.resize(500);
    for (int made = 3; made < 6; ++made) {
      co_await settle();
      CHECK(source->made == made);
      clock.advance(milliseconds(499));
      co_await settle();
      CHECK(source->made == made);
      clock.advance(milliseconds(1));
      co_await read_exactly(client, text);
    }
    CHECK(co_await read_to_end(client) == "");
  };
  serve(*reactor, factory, body);
  CHECK(clock.getDelayedCalls().empty());
}

TEST_CASE("a connection that is handed over from inside a wrapper is counted no more") {
  COIL_CONTRACT(reactor);
  Clock clock;
  auto inner = std::make_shared<ProbeFactory>();
  auto factory = std::make_shared<TimeoutFactory>(clock, inner, seconds(10));
  std::optional<Deferred<TcpStream>> handed_over;
  inner->prepare = [&](Probe& probe) {
    probe.on_data = [&](Transport& line) {
      handed_over = line.detach(probe.received);
      CHECK(factory->connections() == 0);
      CHECK(clock.getDelayedCalls().empty());
      line.write("dropped");
    };
  };
  auto body = [&](TcpStream& client, ListeningPort&) -> Task<void> {
    co_await write_all(client, "hello");
    while (!handed_over) co_await yield();
    TcpStream stream = co_await *handed_over;
    std::string text(5, '.');
    co_await read_exactly(stream, text);
    CHECK(text == "hello");
    stream.close();
    CHECK(co_await read_to_end(client) == "");
  };
  serve(*reactor, factory, body);
  CHECK(inner->seen == Strings{"start", "made", "stop"});
}

// What a client hears, through a wrapper or not.
class Client : public ClientFactory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::make_shared<Probe>(&seen);
  }
  void startedConnecting(Connector&) override { seen.push_back("connecting"); }
  void clientConnectionFailed(Connector&, const Failure&) override { seen.push_back("failed"); }
  void clientConnectionLost(Connector&, const Failure&) override { seen.push_back("gone"); }
  Strings seen;
};

TEST_CASE("a client factory hears through its wrapper what becomes of its connection") {
  COIL_CONTRACT(reactor);
  auto inner = std::make_shared<Client>();
  auto factory = std::make_shared<WrappingFactory>(inner);
  auto all = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    connectTCP(*reactor, listener.local_address(), factory);
    TcpStream server = co_await listener.accept();
    server.close();
    while (inner->seen.empty() || inner->seen.back() != "gone") co_await yield();
    const Address nobody = listener.local_address();
    listener.close();
    connectTCP(*reactor, nobody, factory);
    while (inner->seen.back() != "failed") co_await yield();
  };
  run(*reactor, all());
  CHECK(inner->seen == Strings{"connecting", "made", "lost", "gone", "connecting", "failed"});
}

TEST_CASE("a reactor that stops ends throttled and idle connections, and leaves no timer") {
  COIL_CONTRACT(reactor);
  Clock clock;
  auto inner = std::make_shared<ProbeFactory>();
  const auto limits = ThrottlingLimits().set_reads(std::make_shared<TokenBucket>(clock, 1U));
  auto throttled = std::make_shared<ThrottlingFactory>(clock, inner, limits);
  auto factory = std::make_shared<TimeoutFactory>(clock, throttled, hours(1));
  std::optional<Deferred<void>> ended;
  reactor->callWhenRunning([&] {
    auto all = [](Reactor& on, const Clock& time, std::shared_ptr<Factory> served,
                  ProbeFactory& probes) -> Task<void> {
      ListeningPort port = listenTCP(on, Address::loopback(0), served);
      TcpStream client = co_await TcpStream::connect(on, port.getHost());
      co_await write_all(client, "far too much");
      while (probes.probes.empty() || probes.probes[0]->received.empty()) co_await yield();
      CHECK(time.getDelayedCalls().size() == 2);
      on.stop();
    };
    ended = Deferred<void>::fromCoroutine(*reactor, all(*reactor, clock, factory, *inner));
  });
  reactor->run();
  CHECK(inner->probes[0]->why.check<ConnectionLost>());
  CHECK(factory->connections() == 0);
  CHECK(clock.getDelayedCalls().empty());
}

}  // namespace
