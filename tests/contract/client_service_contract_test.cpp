// Covers: client_service.h: one connection that is kept, whatever becomes of it.
#include <coil/net/client_service.h>
#include <coil/testing/clock.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::seconds;

namespace {

class Prepared : public ClientService {
 public:
  using ClientService::ClientService;
  std::function<Task<void>(Protocol&)> prepare;

 protected:
  Task<void> prepareConnection(std::shared_ptr<Protocol> protocol) override {
    if (prepare) co_await prepare(*protocol);
  }
};

// A server's address, and a service for it whose waits are as long as the clock says.
class Scene {
 public:
  explicit Scene(Reactor& on) : reactor(on), listener(TcpListener::bind(on, Address::loopback(0))) {
    ClientServiceOptions options;
    options.set_time(clock).set_retry_policy([this](unsigned failed) {
      failures.push_back(failed);
      return Duration(seconds(failed));
    });
    auto endpoint = std::make_unique<TcpClientEndpoint>(on, listener.local_address());
    service = std::make_shared<Prepared>(on, std::move(endpoint), factory, options);
  }
  Task<void> until_tried(std::size_t times) {
    while (failures.size() < times) co_await yield();
  }

  Reactor& reactor;
  Clock clock;
  TcpListener listener;
  std::shared_ptr<ProbeFactory> factory = std::make_shared<ProbeFactory>();
  std::vector<unsigned> failures;
  std::shared_ptr<Prepared> service;
};

TEST_CASE("a client service connects, tells everybody who waits, and comes back when it lost") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Scene scene(*reactor);
    auto early = scene.service->whenConnected();
    co_await scene.service->startService();
    CHECK(scene.service->running());
    auto later = scene.service->whenConnected();
    TcpStream stream = co_await scene.listener.accept();
    const std::shared_ptr<Protocol> first = co_await early;
    CHECK(first == co_await later);
    CHECK(first == scene.factory->probes.at(0));
    CHECK(first == co_await scene.service->whenConnected());
    stream.close();
    co_await scene.until_tried(1);
    CHECK(first->connection() == nullptr);
    auto next = scene.service->whenConnected();
    CHECK_FALSE(next.called());
    co_await yield();  // It waits for the clock by now.
    scene.clock.advance(seconds(1));
    stream = co_await scene.listener.accept();
    const std::shared_ptr<Protocol> second = co_await next;
    CHECK(second != first);
    CHECK(scene.failures == std::vector<unsigned>{1});
    co_await scene.service->stopService();
    CHECK(second->connection() == nullptr);
    CHECK_FALSE(scene.service->running());
    CHECK(co_await read_to_end(stream) == "");
  };
  run(*reactor, body());
}

TEST_CASE("the policy is asked with the number of failed attempts, which a success resets") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Scene scene(*reactor);
    const Address address = scene.listener.local_address();
    scene.listener.close();
    co_await scene.service->startService();
    for (unsigned attempt = 1; attempt <= 3; ++attempt) {
      co_await scene.until_tried(attempt);
      co_await yield();
      // Not before its time.
      scene.clock.advance(seconds(attempt) - std::chrono::milliseconds(1));
      for (int turn = 0; turn < 3; ++turn) co_await yield();
      CHECK(scene.failures.size() == attempt);
      if (attempt == 3) scene.listener = TcpListener::bind(*reactor, address);
      scene.clock.advance(std::chrono::milliseconds(1));
    }
    TcpStream stream = co_await scene.listener.accept();
    static_cast<void>(co_await scene.service->whenConnected());
    stream.close();
    co_await scene.until_tried(4);
    CHECK(scene.failures == std::vector<unsigned>{1, 2, 3, 1});
    co_await scene.service->stopService();
  };
  run(*reactor, body());
}

TEST_CASE("whoever waits for a connection gives up after as many failures as it allows") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Scene scene(*reactor);
    scene.listener.close();
    auto patient = scene.service->whenConnected();
    auto two = scene.service->whenConnected(2);
    auto none = scene.service->whenConnected(0);
    co_await scene.service->startService();
    const auto one = co_await as_result(scene.service->whenConnected(1));
    CHECK(one.error().failure().check<ConnectionRefusedError>());
    CHECK_FALSE(two.called());
    CHECK(none.called());
    CHECK_FALSE(co_await as_result(none));
    co_await scene.until_tried(1);
    co_await yield();
    scene.clock.advance(seconds(1));
    const auto second = co_await as_result(two);
    CHECK(second.error().failure().check<ConnectionRefusedError>());
    CHECK_FALSE(patient.called());
    co_await scene.service->stopService();
    const auto given_up = co_await as_result(patient);
    CHECK(given_up.error().failure().check<CancelledError>());
    const auto too_late = co_await as_result(scene.service->whenConnected());
    CHECK(too_late.error().failure().check<CancelledError>());
  };
  run(*reactor, body());
}

TEST_CASE("a stop ends a wait at once, and an attempt; a second stop and a fresh service do too") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Scene scene(*reactor);
    co_await scene.service->stopService();  // It was never started.
    co_await scene.service->startService();
    co_await scene.service->stopService();  // While it is connecting.
    CHECK(scene.factory->probes.empty());

    scene.listener.close();
    co_await scene.service->startService();
    co_await scene.until_tried(1);
    co_await yield();
    auto first = Deferred<void>::fromCoroutine(*reactor, scene.service->stopService());
    auto second = Deferred<void>::fromCoroutine(*reactor, scene.service->stopService());
    co_await first;
    co_await second;
    CHECK(scene.failures.size() == 1);
  };
  run(*reactor, body());
}

TEST_CASE("a start while the service is being stopped connects when the old connection has ended") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Scene scene(*reactor);
    co_await scene.service->startService();
    TcpStream stream = co_await scene.listener.accept();
    const auto first = co_await scene.service->whenConnected();
    auto stopping = Deferred<void>::fromCoroutine(*reactor, scene.service->stopService());
    while (scene.service->running()) co_await yield();
    CHECK_FALSE(stopping.called());
    co_await scene.service->startService();
    auto next = scene.service->whenConnected();
    co_await stopping;
    CHECK(first->connection() == nullptr);
    TcpStream fresh = co_await scene.listener.accept();
    const auto second = co_await next;
    CHECK(second != first);
    CHECK(scene.failures.empty());
    co_await scene.service->startService();  // It runs: nothing but a line in the log.
    CHECK(reactor.log.size() == 1);
    CHECK(second->connection() != nullptr);
    co_await scene.service->stopService();
  };
  run(*reactor, body());
}

TEST_CASE("a connection is given to nobody before it is prepared, and a failure to do so counts") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Scene scene(*reactor);
    Event prepared;
    scene.service->prepare = [&](Protocol&) -> Task<void> {
      co_await prepared.wait();
      throw std::runtime_error("wrong password");
    };
    co_await scene.service->startService();
    TcpStream stream = co_await scene.listener.accept();
    while (scene.factory->seen.back() != "made") co_await yield();
    for (int turn = 0; turn < 5; ++turn) co_await yield();
    auto waiting = scene.service->whenConnected(1);
    CHECK_FALSE(waiting.called());
    prepared.set();
    const auto failed = co_await as_result(waiting);
    CHECK(failed.error().message() == "wrong password");
    CHECK(co_await read_to_end(stream) == "");
    co_await scene.until_tried(1);
    CHECK(scene.failures == std::vector<unsigned>{1});

    // One that is lost meanwhile is a failed attempt too.
    scene.service->prepare = [](Protocol&) -> Task<void> { co_await sleep(std::chrono::hours(1)); };
    co_await yield();
    scene.clock.advance(seconds(1));
    stream = co_await scene.listener.accept();
    stream.close();
    co_await scene.until_tried(2);
    CHECK(scene.failures == std::vector<unsigned>{1, 2});
    co_await scene.service->stopService();
  };
  run(*reactor, body());
}

TEST_CASE("a policy that throws ends the attempts, which is logged, and a new start begins anew") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener gone = TcpListener::bind(*reactor, Address::loopback(0));
    auto endpoint = std::make_unique<TcpClientEndpoint>(*reactor, gone.local_address());
    gone.close();
    ClientServiceOptions options;
    options.set_retry_policy([](unsigned) -> Duration { throw std::runtime_error("no policy"); });
    auto service = std::make_shared<ClientService>(*reactor, std::move(endpoint),
                                                   std::make_shared<ProbeFactory>(), options);
    for (std::size_t round = 1; round <= 2; ++round) {
      co_await service->startService();
      const auto given_up = co_await as_result(service->whenConnected());
      CHECK(given_up.error().failure().check<CancelledError>());
      REQUIRE(reactor.log.size() == round);
      CHECK(reactor.log.back().find("no policy") != std::string::npos);
      co_await service->stopService();
    }
  };
  run(*reactor, body());
}

TEST_CASE("a stop while a connection is prepared closes it, and a start then prepares another") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Scene scene(*reactor);
    Event closed;
    Strings steps;
    auto clean_up = [&]() -> Task<void> {
      co_await closed.wait();
      steps.push_back("cleaned");
    };
    scene.service->prepare = [&](Protocol&) -> Task<void> {
      steps.push_back("prepare");
      if (steps.size() > 1) co_return;
      bool cancelled = false;
      try {
        co_await sleep(std::chrono::hours(1));
      } catch (const Cancelled&) {
        cancelled = true;
      }
      if (cancelled) co_await shielded(clean_up());
    };
    co_await scene.service->startService();
    TcpStream stream = co_await scene.listener.accept();
    while (steps.empty()) co_await yield();
    auto waiting = scene.service->whenConnected();
    auto stopping = Deferred<void>::fromCoroutine(*reactor, scene.service->stopService());
    const auto given_up = co_await as_result(waiting);
    CHECK(given_up.error().failure().check<CancelledError>());
    co_await scene.service->startService();
    auto next = scene.service->whenConnected();
    for (int turn = 0; turn < 5; ++turn) co_await yield();
    CHECK_FALSE(stopping.called());
    closed.set();
    co_await stopping;
    CHECK(co_await read_to_end(stream) == "");
    stream = co_await scene.listener.accept();
    const auto second = co_await next;
    CHECK(second == scene.factory->probes.at(1));
    CHECK(steps == Strings{"prepare", "cleaned", "prepare"});
    CHECK(scene.failures.empty());
    co_await scene.service->stopService();
  };
  run(*reactor, body());
}

TEST_CASE("whoever is told of a connection may stop the service, and start it again") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Scene scene(*reactor);
    std::optional<Deferred<void>> restarted;
    auto restart = [&]() -> Task<void> {
      co_await scene.service->stopService();
      co_await scene.service->startService();
    };
    auto first = scene.service->whenConnected();
    first.addCallback([&](std::shared_ptr<Protocol> protocol) {
      restarted = inlineCallbacks(*reactor, restart);
      return protocol;
    });
    co_await scene.service->startService();
    TcpStream stream = co_await scene.listener.accept();
    CHECK(co_await read_to_end(stream) == "");
    stream = co_await scene.listener.accept();
    co_await *restarted;
    const auto second = co_await scene.service->whenConnected();
    CHECK(second->connection() != nullptr);
    CHECK(scene.failures.empty());
    co_await scene.service->stopService();
  };
  run(*reactor, body());
}

TEST_CASE("the default waits grow up to the longest, with up to a second more") {
  Clock clock;
  const RetryPolicy policy = backoff_policy(clock, seconds(2), seconds(10), 2);
  for (const unsigned attempt : {0U, 1U, 2U, 3U, 1000U}) {
    const Duration least = seconds(attempt == 0 ? 2 : attempt == 1 ? 4 : attempt == 2 ? 8 : 10);
    const Duration wait = policy(attempt);
    CHECK(wait >= least);
    CHECK(wait < least + seconds(1));
  }
  CHECK(policy(0) != policy(0));
}

}  // namespace
