// Covers: reconnecting_client_factory.h: waits that grow, and an end in each of three states.
#include <coil/net/reconnecting_client_factory.h>
#include <coil/testing/clock.h>

#include <string>
#include <vector>

#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

class Persistent : public ReconnectingClientFactory {
 public:
  using ReconnectingClientFactory::ReconnectingClientFactory;
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    if (resets) resetDelay();
    return std::make_shared<Probe>(&seen);
  }
  void clientConnectionFailed(Connector& connector, const Failure& reason) override {
    seen.push_back("failed");
    ReconnectingClientFactory::clientConnectionFailed(connector, reason);
  }
  void clientConnectionLost(Connector& connector, const Failure& reason) override {
    seen.push_back("client lost");
    ReconnectingClientFactory::clientConnectionLost(connector, reason);
  }
  bool resets = false;
  Strings seen;
};

Address nobody(Reactor& reactor) {
  TcpListener gone = TcpListener::bind(reactor, Address::loopback(0));
  const Address address = gone.local_address();
  gone.close();
  return address;
}

// Waits for the next event of a factory.
Task<void> next(Persistent& client, std::string what) {
  while (client.seen.empty() || client.seen.back() != what) co_await yield();
  client.seen.clear();
}

ReconnectOptions steady(Clock& clock) {
  return ReconnectOptions().set_time(clock).set_factor(2).set_jitter(0);
}

TEST_CASE("the waits grow by the factor, up to the longest, and begin anew after resetDelay") {
  COIL_CONTRACT(reactor);
  Clock clock;
  auto client = std::make_shared<Persistent>(steady(clock).set_max_delay(seconds(5)));
  auto body = [&]() -> Task<void> {
    auto connector = connectTCP(*reactor, nobody(*reactor), client);
    std::vector<Duration> waits;
    for (int attempt = 0; attempt < 5; ++attempt) {
      co_await next(*client, "failed");
      waits.push_back(client->delay());
      // Not before its time.
      clock.advance(client->delay() - milliseconds(1));
      CHECK(connector->state() == Connector::State::disconnected);
      clock.advance(milliseconds(1));
      CHECK(connector->state() == Connector::State::connecting);
    }
    CHECK(waits ==
          std::vector<Duration>{seconds(1), seconds(2), seconds(4), seconds(5), seconds(5)});
    CHECK(client->retries() == 5);
    client->resetDelay();
    CHECK(client->retries() == 0);
    co_await next(*client, "failed");
    CHECK(client->delay() == seconds(1));
    client->stopTrying();
    CHECK(clock.getDelayedCalls().empty());
  };
  run(*reactor, body());
}

TEST_CASE("the jitter spreads a wait around what it would be, and is not handed on") {
  COIL_CONTRACT(reactor);
  Clock clock;
  double deviation = 1;
  ReconnectOptions options = steady(clock).set_jitter(0.25).set_random([&] { return deviation; });
  auto client = std::make_shared<Persistent>(options);
  auto body = [&]() -> Task<void> {
    auto connector = connectTCP(*reactor, nobody(*reactor), client);
    co_await next(*client, "failed");
    CHECK(client->delay() == milliseconds(1250));
    deviation = -2;
    clock.advance(client->delay());
    co_await next(*client, "failed");
    CHECK(client->delay() == seconds(1));
    deviation = -100;  // Never less than nothing.
    clock.advance(client->delay());
    co_await next(*client, "failed");
    CHECK(client->delay() == Duration::zero());
    client->stopTrying();
  };
  run(*reactor, body());
}

TEST_CASE("after its retries a client gives up, and says so") {
  COIL_CONTRACT(reactor);
  Clock clock;
  auto client = std::make_shared<Persistent>(steady(clock).set_max_retries(2));
  auto body = [&]() -> Task<void> {
    auto connector = connectTCP(*reactor, nobody(*reactor), client);
    for (int attempt = 0; attempt < 3; ++attempt) {
      co_await next(*client, "failed");
      if (attempt < 2) clock.advance(client->delay());
    }
    CHECK(clock.getDelayedCalls().empty());
  };
  run(*reactor, body());
  REQUIRE(reactor.log.size() == 1);
  CHECK(reactor.log[0].find("after 2 retries") != std::string::npos);
}

TEST_CASE("stopTrying ends a wait, and resetDelay and retry go on from there") {
  COIL_CONTRACT(reactor);
  Clock clock;
  auto client = std::make_shared<Persistent>(steady(clock));
  CHECK_THROWS_AS(client->retry(), std::logic_error);
  client->stopTrying();
  client->resetDelay();
  auto body = [&]() -> Task<void> {
    auto connector = connectTCP(*reactor, nobody(*reactor), client);
    co_await next(*client, "failed");
    CHECK(clock.getDelayedCalls().size() == 1);
    client->stopTrying();
    CHECK(clock.getDelayedCalls().empty());
    client->retry();
    CHECK(clock.getDelayedCalls().empty());
    client->resetDelay();
    client->retry();
    client->retry();  // The wait begins again; there is one.
    CHECK(clock.getDelayedCalls().size() == 1);
    clock.advance(client->delay());
    co_await next(*client, "failed");
    client->stopTrying();
  };
  run(*reactor, body());
}

TEST_CASE("stopTrying ends the attempt that is under way, the first one too") {
  COIL_CONTRACT(reactor);
  Clock clock;
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto client = std::make_shared<Persistent>(steady(clock));
    auto connector = connectTCP(*reactor, listener.local_address(), client);
    auto stop = [&]() -> Task<void> {
      client->stopTrying();
      co_return;
    };
    co_await yield();  // It has begun.
    co_await stop();
    while (connector->state() != Connector::State::disconnected) co_await yield();
    CHECK(clock.getDelayedCalls().empty());
    CHECK((client->seen == Strings{"failed"}));
  };
  run(*reactor, body());
}

TEST_CASE("after stopTrying a connection that is there stays, and is not replaced when lost") {
  COIL_CONTRACT(reactor);
  Clock clock;
  auto client = std::make_shared<Persistent>(steady(clock));
  client->resets = true;
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto connector = connectTCP(*reactor, listener.local_address(), client);
    TcpStream stream = co_await listener.accept();
    co_await next(*client, "made");
    stream.close();
    co_await next(*client, "client lost");
    CHECK(clock.getDelayedCalls().size() == 1);
    clock.advance(client->delay());
    stream = co_await listener.accept();
    co_await next(*client, "made");
    client->stopTrying();
    CHECK(connector->state() == Connector::State::connected);
    stream.close();
    co_await next(*client, "client lost");
    CHECK(clock.getDelayedCalls().empty());
  };
  run(*reactor, body());
}

}  // namespace
