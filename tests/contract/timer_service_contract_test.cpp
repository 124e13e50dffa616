// Covers: timer_service.h: when the calls come, and what a stop waits for.
#include <stdexcept>
#include <string>
#include <vector>

#include "support/contract.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

using Strings = std::vector<std::string>;

TEST_CASE("a timer service calls at once, then on a grid of its steps, and never overlaps") {
  COIL_CONTRACT(reactor);
  std::vector<Duration> moments;
  const TimePoint start = reactor->now();
  int inside = 0;
  Event enough;
  auto call = [&]() -> Task<void> {
    CHECK(++inside == 1);
    moments.push_back(reactor->now() - start);
    if (moments.size() == 3) enough.set();
    co_await sleep(milliseconds(3));  // The second moment of the grid passes meanwhile.
    --inside;
  };
  const auto service = std::make_shared<TimerService>(milliseconds(2), call);
  auto program = [&]() -> Task<void> {
    co_await service->startService();
    CHECK(service->running());
    co_await enough.wait();
    co_await service->stopService();
    CHECK_FALSE(service->running());
  };
  run(*reactor, program());
  CHECK(inside == 0);
  REQUIRE(moments.size() == 3);
  CHECK(moments[1] >= milliseconds(4));
  CHECK(moments[2] >= milliseconds(8));
  if (reactor->name() != "simulated") return;  // There, nothing else takes any time.
  CHECK(moments == std::vector<Duration>{milliseconds(0), milliseconds(4), milliseconds(8)});
}

TEST_CASE("a stop of a timer service waits for the running call, and ends the wait for the next") {
  COIL_CONTRACT(reactor);
  Strings seen;
  Event inside;
  Event enough;
  auto call = [&]() -> Task<void> {
    seen.push_back("begin");
    inside.set();
    co_await enough.wait();
    seen.push_back("end");
  };
  const auto service = std::make_shared<TimerService>(hours(1000), call);
  auto program = [&]() -> Task<void> {
    co_await service->startService();
    co_await inside.wait();
    auto stop = [&]() -> Task<void> {
      co_await service->stopService();
      seen.push_back("stopped");
    };
    auto release = [&]() -> Task<void> {
      for (int turns = 0; turns < 5; ++turns) co_await yield();
      enough.set();
    };
    co_await when_all(stop(), release());
    CHECK(seen == Strings{"begin", "end", "stopped"});
    co_await service->startService();  // And once more: now the stop comes between two calls.
    while (seen.size() != 5) co_await yield();
    co_await service->stopService();
    co_await service->stopService();
    CHECK(seen.size() == 5);
  };
  run(*reactor, program());
}

TEST_CASE("a timer service with the longest step of all calls once") {
  COIL_CONTRACT(reactor);
  int calls = 0;
  const auto service = std::make_shared<TimerService>(Duration::max(), [&] { ++calls; });
  auto program = [&]() -> Task<void> {
    co_await sleep(milliseconds(1));  // Virtual time begins with zero.
    co_await service->startService();
    for (int turns = 0; turns < 9; ++turns) co_await sleep(Duration::zero());
    co_await service->stopService();
  };
  run(*reactor, program());
  CHECK(calls == 1);
}

TEST_CASE("a function of a timer service that fails is logged, and not called again") {
  COIL_CONTRACT(reactor);
  int calls = 0;
  auto call = [&] {
    if (++calls == 2) throw std::runtime_error("broken");
  };
  const auto service = std::make_shared<TimerService>(Duration::zero(), call);
  service->setName("beat");
  auto program = [&]() -> Task<void> {
    co_await service->startService();
    while (reactor.log.empty()) co_await yield();
    for (int turns = 0; turns < 5; ++turns) co_await sleep(Duration::zero());
    co_await service->stopService();
  };
  run(*reactor, program());
  CHECK(calls == 2);
  CHECK(reactor.log == Strings{"timer service beat ended: broken"});
}

TEST_CASE("a timer service that is dropped makes no further call") {
  COIL_CONTRACT(reactor);
  int calls = 0;
  auto service = std::make_shared<TimerService>(Duration::zero(), [&] { ++calls; });
  auto program = [&]() -> Task<void> {
    co_await service->startService();
    while (calls == 0) co_await yield();
    service.reset();
    const int before = calls;
    for (int turns = 0; turns < 5; ++turns) co_await sleep(Duration::zero());
    CHECK(calls == before);
  };
  run(*reactor, program());
}

TEST_CASE("a stop of the reactor ends a timer service that nobody stops") {
  COIL_CONTRACT(reactor);
  const auto service = std::make_shared<TimerService>(hours(1000), [&] { reactor->stop(); });
  service->setName("beat");
  reactor->callWhenRunning(
      [&] { Deferred<void>::fromCoroutine(*reactor, service->startService()); });
  reactor->run();
  const StopReport& report = reactor->last_stop();
  REQUIRE(report.tasks.size() == 1);
  CHECK(report.tasks[0].name == "timer service beat");
  CHECK(report.cancelled() == 1);
  CHECK_THROWS_AS(TimerService(milliseconds(-1), [] {}), std::invalid_argument);
}

}  // namespace
