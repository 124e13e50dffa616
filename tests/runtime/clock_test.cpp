// Covers: testing/clock.h.
#include <coil/runtime.h>
#include <coil/testing/clock.h>
#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace coil;
using coil::testing::Clock;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

using Moments = std::vector<std::pair<int, Duration>>;

TEST_CASE("time moves only by advance, and exactly as far as it says") {
  Clock clock;
  const TimePoint start = clock.now();
  CHECK(clock.seconds() == 0);
  clock.callLater(seconds(1), [] {});
  CHECK(clock.now() == start);
  clock.advance(seconds(3));
  CHECK(clock.now() == start + seconds(3));
  clock.advance(Duration::zero());
  CHECK(clock.now() == start + seconds(3));
  CHECK(Clock(start + hours(5)).now() == start + hours(5));
}

TEST_CASE("each due call sees the moment it was due, in order of time and then of creation") {
  Clock clock;
  const TimePoint start = clock.now();
  Moments seen;
  auto note = [&](int number) {
    return [&, number] { seen.emplace_back(number, clock.now() - start); };
  };
  clock.callLater(seconds(5), note(4));
  clock.callLater(seconds(2), note(2));
  clock.callLater(seconds(2), note(3));
  clock.callLater(seconds(1), note(1));
  clock.callLater(seconds(9), note(5));
  clock.advance(seconds(5));
  CHECK(seen == Moments{{1, seconds(1)}, {2, seconds(2)}, {3, seconds(2)}, {4, seconds(5)}});
  CHECK(clock.getDelayedCalls().size() == 1);
}

TEST_CASE("a call made meanwhile that falls due is made in the same advance") {
  Clock clock;
  const TimePoint start = clock.now();
  Moments seen;
  std::function<void()> tick = [&] {
    seen.emplace_back(static_cast<int>(seen.size()), clock.now() - start);
    clock.callLater(seconds(2), [&] { tick(); });
  };
  clock.callLater(seconds(2), [&] { tick(); });
  clock.callLater(seconds(3), [&] {
    clock.callLater(Duration::zero(), [&] { seen.emplace_back(-1, clock.now() - start); });
  });
  clock.advance(seconds(7));
  CHECK(seen == Moments{{0, seconds(2)}, {-1, seconds(3)}, {2, seconds(4)}, {3, seconds(6)}});
  CHECK(clock.now() == start + seconds(7));
}

TEST_CASE("a call that is moved or cancelled meanwhile keeps its newest time") {
  Clock clock;
  const TimePoint start = clock.now();
  Moments seen;
  DelayedCall moved =
      clock.callLater(seconds(2), [&] { seen.emplace_back(2, clock.now() - start); });
  DelayedCall dropped = clock.callLater(seconds(1), [&] { FAIL("it was cancelled"); });
  DelayedCall sooner =
      clock.callLater(seconds(8), [&] { seen.emplace_back(1, clock.now() - start); });
  clock.callLater(seconds(1), [&] {
    moved.delay(seconds(2));
    sooner.reset(seconds(1));
  });
  dropped.cancel();
  clock.advance(seconds(10));
  CHECK(seen == Moments{{1, seconds(2)}, {2, seconds(4)}});
  CHECK_THROWS_AS(moved.cancel(), AlreadyCalled);
}

TEST_CASE("of two calls of one moment the first can cancel the second") {
  Clock clock;
  DelayedCall second;
  clock.callLater(seconds(1), [&] { second.cancel(); });
  second = clock.callLater(seconds(1), [&] { FAIL("it was cancelled"); });
  clock.advance(seconds(1));
  CHECK_FALSE(second.active());
}

TEST_CASE("pump advances step by step") {
  Clock clock;
  std::vector<Duration> seen;
  const TimePoint start = clock.now();
  for (int number = 1; number <= 4; ++number) {
    clock.callLater(seconds(number), [&] { seen.push_back(clock.now() - start); });
  }
  const std::array<Duration, 3> steps = {seconds(1), Duration::zero(), seconds(2)};
  clock.pump(steps);
  CHECK(seen == std::vector<Duration>{seconds(1), seconds(2), seconds(3)});
  CHECK(clock.now() == start + seconds(3));
}

TEST_CASE("what a call lets escape comes out of advance, after every due call was made") {
  Clock clock;
  int calls = 0;
  clock.callLater(seconds(1), [] { throw std::runtime_error("broken"); });
  clock.callLater(seconds(2), [&] { ++calls; });
  CHECK_THROWS_WITH_AS(clock.advance(seconds(2)), "broken", std::runtime_error);
  CHECK(calls == 1);
  CHECK(clock.now() == TimePoint() + seconds(2));
  clock.advance(seconds(1));
}

TEST_CASE("time does not go back, nor does a call move it") {
  Clock clock;
  CHECK_THROWS_AS(clock.advance(seconds(-1)), std::invalid_argument);
  bool refused = false;
  clock.callLater(seconds(1), [&] {
    CHECK_THROWS_AS(clock.advance(seconds(1)), std::logic_error);
    refused = true;
  });
  clock.advance(seconds(1));
  CHECK(refused);
  clock.advance(Duration::max());
  CHECK(clock.now() == TimePoint::max());
}

TEST_CASE("calls that were never made are dropped with their clock") {
  auto held = std::make_shared<int>(1);
  DelayedCall call;
  {
    Clock clock;
    call = clock.callLater(seconds(1), [held] { FAIL("the clock never got there"); });
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
  CHECK_FALSE(call.active());
}

TEST_CASE("a task of any reactor awaits the clock, and a cancelled one leaves it") {
  const std::unique_ptr<Reactor> reactor = make_reactor();
  Clock clock;
  std::vector<std::string> seen;
  auto waits = [&](const char* name, Duration after) -> Task<void> {
    co_await clock.callLater(after);
    seen.push_back(name);
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(waits, "late", hours(2));
    group.spawn(waits, "early", hours(1));
    group.spawn(waits, "never", hours(9));
    while (seen.empty()) {
      co_await yield();
      clock.advance(std::chrono::minutes(10));
    }
    CHECK(seen == std::vector<std::string>{"early"});
    clock.advance(hours(1));
    while (seen.size() != 2) co_await yield();
    group.cancel();
  };
  run(*reactor, with_task_group(body));
  CHECK(seen == std::vector<std::string>{"early", "late"});
}

}  // namespace
