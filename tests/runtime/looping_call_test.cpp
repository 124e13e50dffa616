// Covers: looping_call.h, defer_later.h.
#include <coil/runtime.h>
#include <coil/testing/clock.h>
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/unhandled.h"

using namespace coil;
using coil::testing::broken;
using coil::testing::Clock;
using coil::testing::Unhandled;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

using Moments = std::vector<Duration>;
using Counts = std::vector<std::int64_t>;

TEST_CASE("a looping call begins at once or after one interval, and runs at its multiples") {
  for (const bool now : {true, false}) {
    Clock clock;
    Moments seen;
    LoopingCall loop(clock, [&] { seen.push_back(clock.now() - TimePoint()); });
    CHECK_FALSE(loop.running());
    Deferred<void> ended = loop.start(seconds(2), now);
    CHECK(loop.running());
    CHECK(loop.interval() == seconds(2));
    CHECK(seen.size() == (now ? 1 : 0));
    clock.advance(seconds(5));
    if (now) seen.erase(seen.begin());
    CHECK(seen == Moments{seconds(2), seconds(4)});
    CHECK_FALSE(ended.called());
    loop.stop();
    CHECK(ended.called());
    CHECK_FALSE(loop.running());
    CHECK(clock.getDelayedCalls().empty());
    clock.advance(seconds(5));
    CHECK(seen.size() == 2);
  }
}

TEST_CASE("a late call skips to the next multiple, and does not make up for those missed") {
  Clock clock;
  Moments seen;
  std::optional<Deferred<void>> slow;
  LoopingCall loop(clock, [&]() -> Deferred<void> {
    seen.push_back(clock.now() - TimePoint());
    return slow ? *slow : succeed();
  });
  slow.emplace();
  loop.start(seconds(2));
  clock.advance(seconds(7));
  CHECK(seen == Moments{seconds(0)});
  std::exchange(slow, std::nullopt)->callback();
  clock.advance(seconds(3));
  CHECK(seen == Moments{seconds(0), seconds(8), seconds(10)});
}

TEST_CASE("misuse is refused with its own error") {
  Clock clock;
  LoopingCall loop(clock, [] {});
  CHECK_THROWS_AS(loop.stop(), std::logic_error);
  CHECK_THROWS_AS(loop.reset(), std::logic_error);
  CHECK_THROWS_AS(loop.start(seconds(-1)), std::invalid_argument);
  CHECK_FALSE(loop.running());
  loop.start(seconds(1));
  CHECK_THROWS_AS(loop.start(seconds(1)), std::logic_error);
  loop.stop();
  loop.start(seconds(1));
  CHECK(loop.running());
}

TEST_CASE("stop inside the function works; the Deferred fires when the call has ended") {
  Clock clock;
  int calls = 0;
  std::optional<Deferred<void>> ended;
  LoopingCall* self = nullptr;
  LoopingCall loop(clock, [&] {
    if (++calls < 3) return;
    self->stop();
    CHECK_FALSE(ended->called());
  });
  self = &loop;
  ended = loop.start(seconds(1));
  clock.advance(seconds(9));
  CHECK(calls == 3);
  CHECK(ended->called());
  Deferred<void> work;
  LoopingCall slow(clock, [&] { return work; });
  Deferred<void> slow_ended = slow.start(seconds(1));
  slow.stop();
  CHECK_FALSE(slow_ended.called());
  CHECK_THROWS_AS(slow.start(seconds(1)), std::logic_error);
  work.callback();
  CHECK(slow_ended.called());
}

TEST_CASE("a failure of the function ends the loop and goes to the Deferred") {
  Clock clock;
  std::string seen;
  auto note = [&](Failure failure) { seen = failure.getErrorMessage(); };
  int calls = 0;
  LoopingCall throws(clock, [&] {
    if (++calls == 2) throw std::runtime_error("thrown");
  });
  throws.start(seconds(1)).addErrback(note);
  clock.advance(seconds(5));
  CHECK(seen == "thrown");
  CHECK(calls == 2);
  CHECK_FALSE(throws.running());
  LoopingCall fails(clock, [] { return fail<int>(broken("failed")); });
  fails.start(seconds(1)).addErrback(note);
  CHECK(seen == "failed");
  CHECK(clock.getDelayedCalls().empty());
}

TEST_CASE("reset counts the interval from now on") {
  Clock clock;
  Moments seen;
  LoopingCall loop(clock, [&] { seen.push_back(clock.now() - TimePoint()); });
  loop.start(seconds(4), false);
  clock.advance(seconds(3));
  loop.reset();
  clock.advance(seconds(9));
  CHECK(seen == Moments{seconds(7), seconds(11)});
}

TEST_CASE("the count is of whole multiples since the last call, and never zero") {
  Clock clock;
  Counts seen;
  std::optional<Deferred<void>> slow;
  LoopingCall loop = LoopingCall::withCount(clock, [&](std::int64_t count) -> Deferred<void> {
    seen.push_back(count);
    return slow ? *slow : succeed();
  });
  loop.start(milliseconds(100));
  for (int step = 0; step < 30; ++step) clock.advance(milliseconds(10));
  CHECK(seen == Counts{1, 1, 1, 1});
  slow.emplace();
  clock.advance(milliseconds(100));
  clock.advance(milliseconds(350));
  std::exchange(slow, std::nullopt)->callback();
  clock.advance(milliseconds(50));
  CHECK(seen == Counts{1, 1, 1, 1, 1, 4});
  clock.advance(milliseconds(60));
  loop.reset();
  clock.advance(milliseconds(100));
  CHECK(seen == Counts{1, 1, 1, 1, 1, 4, 1});
  Counts later;
  LoopingCall not_now =
      LoopingCall::withCount(clock, [&](std::int64_t count) { later.push_back(count); });
  not_now.start(milliseconds(100), false);
  clock.advance(milliseconds(100));
  CHECK(later == Counts{1});
}

TEST_CASE("an interval of centuries does not overflow") {
  Clock clock(TimePoint() + hours(1));
  Counts seen;
  LoopingCall loop =
      LoopingCall::withCount(clock, [&](std::int64_t count) { seen.push_back(count); });
  loop.start(Duration::max());
  clock.advance(hours(1000));
  CHECK(seen == Counts{1});
}

TEST_CASE("cancelling the Deferred stops the loop and what its function waits for") {
  Clock clock;
  bool cancelled = false;
  auto note = [&](Failure failure) { cancelled = failure.check<CancelledError>(); };
  LoopingCall loop(clock, [] {});
  Deferred<void> ended = loop.start(seconds(1));
  ended.addErrback(note);
  ended.cancel();
  CHECK(cancelled);
  CHECK_FALSE(loop.running());
  CHECK(clock.getDelayedCalls().empty());
  int inner = 0;
  const Deferred<int> work(Deferred<int>::Canceller([&] { ++inner; }));
  LoopingCall slow(clock, [&] { return work; });
  Deferred<void> slow_ended = slow.start(seconds(1));
  slow_ended.addErrback(note);
  slow_ended.cancel();
  CHECK(inner == 1);
  slow.start(seconds(1), false);
}

TEST_CASE("a loop that is started again when it ends is cancelled like any other") {
  Clock clock;
  int calls = 0;
  int cancelled = 0;
  const Deferred<void> work(Deferred<void>::Canceller([&] { ++cancelled; }));
  LoopingCall* self = nullptr;
  LoopingCall loop(clock, [&]() -> Deferred<void> {
    if (++calls == 2) self->stop();
    return calls == 3 ? work : succeed();
  });
  self = &loop;
  std::optional<Deferred<void>> again;
  loop.start(seconds(1)).addCallback([&] { again = self->start(seconds(1)); });
  clock.advance(seconds(1));
  CHECK(calls == 3);
  REQUIRE(again);
  again->addErrback([](Failure) {});
  again->cancel();
  CHECK(cancelled == 1);
}

TEST_CASE("destroying it stops it, also inside its function, and cancels what that waits for") {
  Clock clock;
  int inner = 0;
  const Deferred<int> work(Deferred<int>::Canceller([&] { ++inner; }));
  auto slow = std::make_unique<LoopingCall>(clock, [&] { return work; });
  bool ended = false;
  slow->start(seconds(1)).addCallback([&] { ended = true; });
  slow.reset();
  CHECK(inner == 1);
  CHECK(ended);
  std::unique_ptr<LoopingCall> own;
  own = std::make_unique<LoopingCall>(clock, [&] { own.reset(); });
  Deferred<void> own_ended = own->start(seconds(1), false);
  clock.advance(seconds(3));
  CHECK(own_ended.called());
  CHECK(clock.getDelayedCalls().empty());
}

TEST_CASE("deferLater gives what the function gives, later") {
  Clock clock;
  int got = 0;
  bool fired = false;
  deferLater(
      clock, seconds(1), [](int a, int b) { return a + b; }, 1, 2)
      .addCallback([&](int value) { return got = value; });
  deferLater(clock, seconds(1)).addCallback([&] { fired = true; });
  deferLater(clock, seconds(1), [] {
    return succeed(std::string("x"));
  }).addCallback([&](std::string text) {
    got += static_cast<int>(text.size());
    return text;
  });
  deferLater(clock, seconds(2), []() -> int {
    throw std::runtime_error("no");
  }).addErrback([&](Failure failure) {
    failure.trap<std::runtime_error>();
    return got = 9;
  });
  CHECK(got == 0);
  clock.advance(seconds(1));
  CHECK(got == 4);
  CHECK(fired);
  clock.advance(seconds(1));
  CHECK(got == 9);
  CHECK_THROWS_AS(deferLater(clock, seconds(-1)), std::invalid_argument);
}

TEST_CASE("cancelling deferLater drops the call") {
  Clock clock;
  bool cancelled = false;
  Deferred<int> later = deferLater(clock, seconds(1), [] {
    FAIL("it was cancelled");
    return 1;
  });
  later.addErrback([&](Failure failure) {
    cancelled = failure.check<CancelledError>();
    return 0;
  });
  later.cancel();
  CHECK(cancelled);
  CHECK(clock.getDelayedCalls().empty());
}

}  // namespace
