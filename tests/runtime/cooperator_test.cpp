// Covers: cooperator.h.
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
using std::chrono::seconds;

namespace {

using Wait = std::optional<Deferred<void>>;

// A cooperator on a clock that stands still: one turn follows the other until all is done.
class Bench {
 public:
  Bench() : cooperator(clock) {}
  void turns() { clock.advance(Duration::zero()); }
  // Work of so many units, each of which writes down its name.
  auto work(std::string name, int count) {
    return [this, name = std::move(name), left = count]() mutable {
      text += name;
      return --left > 0;
    };
  }

  Clock clock;
  Cooperator cooperator;
  std::string text;
};

TEST_CASE("work takes turns, one unit of each, until it is done") {
  Bench bench;
  bool done = false;
  bench.cooperator.coiterate(bench.work("a", 3)).addCallback([&] { done = true; });
  bench.cooperator.coiterate(bench.work("b", 2));
  bench.cooperator.coiterate(bench.work("c", 4));
  CHECK(bench.text.empty());
  CHECK(bench.clock.getDelayedCalls().size() == 1);
  bench.turns();
  CHECK(bench.text == "abcabcacc");
  CHECK(done);
  CHECK(bench.clock.getDelayedCalls().empty());
}

TEST_CASE("a turn has its share of units, and the next one goes on where it ended") {
  Bench bench;
  bench.cooperator.set_units_per_turn_max(2);
  std::vector<std::string> turns;
  auto note = [&] {
    turns.push_back(std::exchange(bench.text, ""));
    return turns.size() < 3;
  };
  bench.cooperator.coiterate(bench.work("a", 2));
  bench.cooperator.coiterate(bench.work("b", 2));
  bench.cooperator.coiterate(note);
  bench.clock.callLater(Duration::zero(), [&] { turns.push_back("next turn"); });
  bench.turns();
  CHECK(turns == std::vector<std::string>{"next turn", "ab", "ab"});
}

TEST_CASE("a unit may say what the next one waits for; the others go on meanwhile") {
  Bench bench;
  Deferred<void> slow;
  int units = 0;
  bool done = false;
  auto waits = [&]() -> Wait {
    if (++units == 1) return slow;
    if (units == 2) return succeed();
    return std::nullopt;
  };
  bench.cooperator.coiterate(waits).addCallback([&] { done = true; });
  bench.cooperator.coiterate(bench.work("b", 2));
  bench.turns();
  CHECK(units == 1);
  CHECK(bench.text == "bb");
  CHECK(bench.clock.getDelayedCalls().empty());
  slow.callback();
  bench.turns();
  CHECK(units == 3);
  CHECK(done);
}

TEST_CASE("pauses are counted, and hold nothing scheduled") {
  Bench bench;
  CooperativeTask task = bench.cooperator.cooperate(bench.work("a", 1));
  CHECK_THROWS_AS(task.resume(), NotPaused);
  task.pause();
  task.pause();
  CHECK(bench.clock.getDelayedCalls().empty());
  task.resume();
  bench.turns();
  CHECK(bench.text.empty());
  task.resume();
  bench.turns();
  CHECK(bench.text == "a");
  CHECK_THROWS_AS(task.resume(), NotPaused);
}

TEST_CASE("work that waits and is paused needs both to end, in either order") {
  for (const bool resumed_first : {true, false}) {
    Bench bench;
    Deferred<void> slow;
    bool begun = false;
    auto waits = [&]() -> Wait {
      if (std::exchange(begun, true)) return std::nullopt;
      return slow;
    };
    CooperativeTask task = bench.cooperator.cooperate(waits);
    bench.turns();
    task.pause();
    if (resumed_first) {
      task.resume();
    } else {
      slow.callback();
    }
    bench.turns();
    CHECK_FALSE(task.whenDone().called());
    if (resumed_first) {
      slow.callback();
    } else {
      task.resume();
    }
    bench.turns();
    CHECK(task.whenDone().called());
  }
}

TEST_CASE("what has ended says how, to everybody who asks, before and after") {
  Unhandled unhandled;
  Bench bench;
  std::vector<std::string> seen;
  auto note = [&](Failure failure) {
    seen.push_back(failure.check<TaskStopped>() ? "stopped" : failure.getErrorMessage());
  };
  CooperativeTask done = bench.cooperator.cooperate(bench.work("a", 1));
  CooperativeTask throws =
      bench.cooperator.cooperate([]() -> bool { throw std::runtime_error("thrown"); });
  CooperativeTask fails =
      bench.cooperator.cooperate([]() -> Wait { return fail(broken("failed")); });
  CooperativeTask stopped = bench.cooperator.cooperate(bench.work("d", 9));
  throws.whenDone().addErrback(note);
  throws.whenDone().addErrback(note);
  stopped.whenDone().addErrback(note);
  stopped.stop();
  CHECK(seen == std::vector<std::string>{"stopped"});
  bench.turns();
  CHECK(bench.text == "a");
  fails.whenDone().addErrback(note);
  stopped.whenDone().addErrback(note);
  CHECK(seen == std::vector<std::string>{"stopped", "thrown", "thrown", "failed", "stopped"});
  CHECK_THROWS_AS(done.pause(), TaskDone);
  CHECK_THROWS_AS(done.stop(), TaskDone);
  CHECK_THROWS_AS(throws.pause(), TaskFailed);
  CHECK_THROWS_AS(fails.stop(), TaskFailed);
  CHECK_THROWS_AS(stopped.stop(), TaskStopped);
  CHECK(unhandled.seen.empty());
}

TEST_CASE("cancelling one whenDone leaves the work and the others alone") {
  Bench bench;
  CooperativeTask task = bench.cooperator.cooperate(bench.work("a", 2));
  Deferred<void> cancelled = task.whenDone();
  cancelled.addErrback([](Failure failure) { failure.trap<CancelledError>(); });
  Deferred<void> other = task.whenDone();
  cancelled.cancel();
  bench.turns();
  CHECK(bench.text == "aa");
  CHECK(other.called());
}

TEST_CASE("a failure that nobody ever asked for is reported with the place of the work") {
  Unhandled unhandled;
  const std::source_location here = std::source_location::current();
  Bench bench;
  bench.cooperator.cooperate([]() -> bool { throw std::runtime_error("unheard"); });
  bench.turns();
  CHECK(unhandled.seen == std::vector<std::string>{"unheard"});
  CHECK(unhandled.sites.at(0).line() == here.line() + 2);
}

TEST_CASE("stopping the scheduler ends all its work, also paused and waiting, and what comes") {
  Bench bench;
  int ended = 0;
  auto count = [&](Failure failure) { ended += failure.check<SchedulerStopped>() ? 1 : 0; };
  CooperativeTask runs = bench.cooperator.cooperate(bench.work("a", 5));
  CooperativeTask paused = bench.cooperator.cooperate(bench.work("b", 5));
  paused.pause();
  runs.whenDone().addErrback(count);
  paused.whenDone().addErrback(count);
  CHECK(bench.cooperator.running());
  bench.cooperator.stop();
  CHECK_FALSE(bench.cooperator.running());
  CHECK(ended == 2);
  CHECK_THROWS_AS(runs.stop(), SchedulerStopped);
  paused.resume();
  bench.cooperator.coiterate(bench.work("c", 1)).addErrback(count);
  CHECK(ended == 3);
  CHECK(bench.clock.getDelayedCalls().empty());
  bench.cooperator.start();
  bench.cooperator.coiterate(bench.work("d", 2));
  bench.turns();
  CHECK(bench.text == "dd");
}

TEST_CASE("whoever is told of an end may stop the scheduler, or the work itself may") {
  Bench bench;
  bool other_ended = false;
  bench.cooperator.coiterate(bench.work("a", 1)).addCallback([&] { bench.cooperator.stop(); });
  bench.cooperator.coiterate(bench.work("b", 5)).addErrback([&](Failure failure) {
    other_ended = failure.check<SchedulerStopped>();
  });
  bench.turns();
  CHECK(bench.text == "a");
  CHECK(other_ended);
  bench.cooperator.start();
  std::optional<CooperativeTask> self;
  auto held = std::make_shared<int>(1);
  self = bench.cooperator.cooperate([&self, held] {
    self->stop();
    return *held == 1;
  });
  self->whenDone().addErrback([](Failure failure) { failure.trap<TaskStopped>(); });
  bench.turns();
  CHECK(held.use_count() == 1);
}

TEST_CASE("a cooperator that goes ends its work") {
  Clock clock;
  auto cooperator = std::make_unique<Cooperator>(clock);
  bool ended = false;
  CooperativeTask task = cooperator->cooperate([] { return true; });
  task.whenDone().addErrback([&](Failure failure) { ended = failure.check<SchedulerStopped>(); });
  cooperator.reset();
  CHECK(ended);
  CHECK_THROWS_AS(task.pause(), SchedulerStopped);
  CHECK(clock.getDelayedCalls().empty());
}

}  // namespace
