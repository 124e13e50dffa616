// Covers: deferred.h, inline_callbacks.h, looping_call.h, cooperator.h, defer_later.h, run.h.
#include "support/contract.h"

#include <algorithm>
#include <optional>
#include <source_location>

#include "support/unhandled.h"

using namespace coil;
using coil::testing::broken;
using coil::testing::Unhandled;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

// What an inlineCallbacks is made of: it waits for `first`, and says what came of it.
Task<std::string> waits_for(Deferred<int> first) {
  const int value = co_await first;
  co_return std::to_string(value);
}

TEST_CASE("inlineCallbacks begins from the loop, and gives the value of the coroutine") {
  COIL_CONTRACT(reactor);
  bool begun = false;
  auto sum = [&](int more) -> Task<int> {
    begun = true;
    const int first = co_await deferLater(*reactor, milliseconds(1), [] { return 40; });
    co_return first + more;
  };
  auto body = [&]() -> Task<void> {
    Deferred<int> answer = inlineCallbacks(*reactor, sum, 2);
    CHECK_FALSE(begun);
    const int value = co_await answer;
    CHECK(value == 42);
  };
  run(*reactor, body());
}

TEST_CASE("what a coroutine throws, and what it awaited, becomes the failure") {
  COIL_CONTRACT(reactor);
  auto throws = []() -> Task<int> {
    co_await yield();
    throw std::runtime_error("thrown");
  };
  auto body = [&]() -> Task<void> {
    const auto thrown = co_await as_result(inlineCallbacks(*reactor, throws));
    CHECK(thrown.error().message() == "thrown");
    const auto awaited =
        co_await as_result(inlineCallbacks(*reactor, waits_for, fail<int>(broken("awaited"))));
    CHECK(awaited.error().message() == "awaited");
    const auto maybe = co_await as_result(maybeDeferred(*reactor, throws));
    CHECK(maybe.error().message() == "thrown");
    const std::string value = co_await maybeDeferred(*reactor, waits_for, succeed(3));
    CHECK(value == "3");
    const int plain = co_await maybeDeferred(*reactor, [] { return 5; });
    CHECK(plain == 5);
  };
  run(*reactor, body());
}

TEST_CASE("an unhandled failure names the line that asked for the Deferred, whatever made it") {
  COIL_CONTRACT(reactor);
  Unhandled unhandled;
  const auto throws = []() -> int { throw std::runtime_error("thrown"); };
  const auto fails = []() -> Task<int> {
    co_await yield();
    throw std::runtime_error("failed");
  };
  const auto inputs = [] { return std::vector<Deferred<int>>{fail<int>(broken())}; };
  LoopingCall loop(*reactor, throws);
  auto body = [&]() -> Task<void> {
    const unsigned line = std::source_location::current().line();
    succeed(1).addCallback([&](int) { return throws(); });
    succeed().addCallback(throws);
    gatherResults(inputs());
    race(inputs());
    DeferredList(inputs(), DeferredListOptions().set_fire_on_one_errback(true));
    loop.start(milliseconds(1));
    deferLater(*reactor, milliseconds(1)).addCallback(throws);
    deferLater(*reactor, milliseconds(1), throws);
    inlineCallbacks(*reactor, fails);
    maybeDeferred(*reactor, fails);
    co_await sleep(milliseconds(3));
    std::vector<unsigned> lines;
    for (const std::source_location& site : unhandled.sites) {
      CHECK(std::string(site.file_name()).find("deferred_contract_test") != std::string::npos);
      lines.push_back(site.line() - line);
    }
    for (unsigned nth = 1; nth <= 10; ++nth)
      CHECK(std::find(lines.begin(), lines.end(), nth) != lines.end());
  };
  run(*reactor, body());
}

TEST_CASE("the closure and its arguments live exactly as long as the coroutine") {
  COIL_CONTRACT(reactor);
  auto held = std::make_shared<int>(3);
  std::weak_ptr<int> watch = held;
  Deferred<void> go_on;
  auto body = [&]() -> Task<void> {
    std::optional<Deferred<int>> result;
    {
      auto closure = [&go_on, held = std::move(held)](std::string text) -> Task<int> {
        co_await go_on;
        co_return *held + static_cast<int>(text.size());
      };
      result = inlineCallbacks(*reactor, std::move(closure), std::string(40, 'x'));
    }
    co_await yield();
    CHECK_FALSE(watch.expired());
    go_on.callback();
    const int value = co_await *result;
    CHECK(value == 43);
    CHECK(watch.expired());
  };
  run(*reactor, body());
}

TEST_CASE("a hundred thousand Deferreds that have fired are awaited in constant stack") {
  COIL_CONTRACT(reactor);
  auto body = []() -> Task<int> {
    int sum = 0;
    for (int count = 0; count < 100'000; ++count) sum += co_await succeed(1);
    co_return sum;
  };
  CHECK(run(*reactor, body()) == 100'000);
}

TEST_CASE("deferLater is never early, and the limit of a Deferred is a timer of the reactor") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    const TimePoint start = reactor->now();
    co_await deferLater(*reactor, milliseconds(3));
    CHECK(reactor->now() >= start + milliseconds(3));
    Deferred<int> never;
    never.addTimeout(milliseconds(1), *reactor);
    const auto late = co_await as_result(never);
    CHECK(late.error().failure().check<TimedOut>());
    CHECK(reactor->getDelayedCalls().empty());
  };
  run(*reactor, body());
}

TEST_CASE("a loop with no interval runs once a turn and starves nobody") {
  COIL_CONTRACT(reactor);
  int calls = 0;
  LoopingCall loop(*reactor, [&] { ++calls; });
  auto body = [&]() -> Task<void> {
    Deferred<void> ended = loop.start(Duration::zero());
    const std::uint64_t before = reactor->counters().turns;
    Deferred<void> posted;
    reactor->callFromThread([&] { posted.callback(); });
    co_await posted;
    while (calls < 50) co_await yield();
    CHECK(reactor->counters().turns - before >= 49);
    loop.stop();
    co_await ended;
  };
  run(*reactor, body());
}

TEST_CASE("a loop of a coroutine does not overlap it, and ends after it") {
  COIL_CONTRACT(reactor);
  int inside = 0;
  int calls = 0;
  std::optional<LoopingCall> loop;
  auto work = [&]() -> Task<int> {
    CHECK(++inside == 1);
    ++calls;
    co_await sleep(milliseconds(3));
    if (calls == 3) loop->stop();
    co_await yield();
    co_return --inside;
  };
  loop.emplace(*reactor, work);
  auto body = [&]() -> Task<void> { co_await loop->start(milliseconds(1)); };
  run(*reactor, body());
  CHECK(calls == 3);
  CHECK(inside == 0);
}

TEST_CASE("a task that awaits a loop and is cancelled stops it, and its coroutine ends") {
  COIL_CONTRACT(reactor);
  bool ended = false;
  auto work = [&]() -> Task<void> {
    try {
      co_await sleep(hours(1000));
    } catch (const Cancelled&) {
      ended = true;
    }
  };
  {
    LoopingCall loop(*reactor, work);
    auto body = [&]() -> Task<void> {
      Deferred<void> stopped = loop.start(milliseconds(1));
      const auto limited = co_await as_result(with_timeout(milliseconds(2), stopped));
      CHECK(limited.error().code() == Errc::timed_out);
    };
    run(*reactor, body());
    CHECK_FALSE(loop.running());
  }
  reactor->iterate();
  CHECK(ended);
}

TEST_CASE("a loop that goes while its coroutine runs keeps the function until that has ended") {
  COIL_CONTRACT(reactor);
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> watch = held;
  int seen = 0;
  {
    auto work = [&seen, held = std::move(held)]() -> Task<void> {
      try {
        co_await sleep(hours(1000));
      } catch (const Cancelled&) {
        seen = *held;
      }
    };
    LoopingCall loop(*reactor, std::move(work));
    loop.start(milliseconds(1));
    reactor->iterate();
  }
  reactor->iterate();
  CHECK(seen == 1);
  CHECK(watch.expired());
}

TEST_CASE("work of a cooperator gives way to everybody else after its share of a turn") {
  COIL_CONTRACT(reactor);
  Cooperator cooperator(*reactor);
  cooperator.set_units_per_turn_max(10);
  int units = 0;
  bool stop = false;
  auto body = [&]() -> Task<void> {
    Deferred<void> done = cooperator.coiterate([&] {
      ++units;
      return !stop;
    });
    const std::uint64_t before = reactor->counters().turns;
    while (units < 100) co_await yield();
    CHECK(reactor->counters().turns - before >= 9);
    stop = true;
    co_await done;
  };
  run(*reactor, body());
}

TEST_CASE("a slice of no time is one unit in each turn") {
  COIL_CONTRACT(reactor);
  Cooperator cooperator(*reactor);
  cooperator.set_slice(Duration::zero());
  int units = 0;
  auto body = [&]() -> Task<void> {
    Deferred<void> done = cooperator.coiterate([&] { return ++units < 20; });
    const std::uint64_t before = reactor->counters().turns;
    co_await done;
    CHECK(reactor->counters().turns - before >= 19);
  };
  run(*reactor, body());
}

}  // namespace
