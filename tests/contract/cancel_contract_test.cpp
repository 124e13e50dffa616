// Covers: cancellation of every await, and the combinators: task_group.h, when_all.h, when_any.h,
// timeout.h, event.h, task_context.h, suspension.h.
#include "support/contract.h"

using namespace coil;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

Task<int> give(int value, Duration after) {
  co_await sleep(after);
  co_return value;
}
Task<int> refuse(Duration after) {
  co_await sleep(after);
  throw std::runtime_error("refused");
}

TEST_CASE("when_all gives every result, and its first failure cancels the rest") {
  COIL_CONTRACT(reactor);
  auto body = []() -> Task<void> {
    auto [one, nothing, two] =
        co_await when_all(give(1, milliseconds(2)), sleep(milliseconds(1)), give(2, Duration(0)));
    static_cast<void>(nothing);
    CHECK(one + two == 3);
    auto failing = when_all(give(1, hours(1000)), refuse(milliseconds(1)));
    const auto failed = co_await as_result(std::move(failing));
    CHECK(failed.error().message() == "refused");
  };
  run(*reactor, body());
}

TEST_CASE("when_any tells the first, cancels the others, and keeps what they had") {
  COIL_CONTRACT(reactor);
  auto body = []() -> Task<void> {
    auto race = co_await when_any(give(1, hours(1000)), give(2, milliseconds(1)));
    CHECK(race.first() == 1);
    CHECK(race.get() == 2);
    CHECK(race.outcome<0>().cancelled());
    auto lost = co_await when_any(refuse(milliseconds(1)), give(2, hours(1000)));
    CHECK(lost.first() == 0);
    CHECK_THROWS_WITH_AS(lost.get(), "refused", std::runtime_error);
    auto both = co_await when_any(shielded(give(1, milliseconds(2))), give(2, milliseconds(1)));
    CHECK(both.first() == 1);
    CHECK(both.outcome<0>().value() == 1);
    CHECK(both.get() == 2);
  };
  run(*reactor, body());
}

TEST_CASE("an error in the result of one branch ends the others of when_all") {
  COIL_CONTRACT(reactor);
  auto fails = []() -> Task<Result<int>> {
    co_await yield();
    co_return Error(make_error_code(Errc::timed_out));
  };
  auto body = [&]() -> Task<void> { co_await when_all(fails(), sleep(hours(1000))); };
  CHECK_THROWS_AS(run(*reactor, body()), TimedOut);
}

TEST_CASE("with_timeout throws TimedOut, and delivers a value that came although late") {
  COIL_CONTRACT(reactor);
  auto stubborn = []() -> Task<int> {
    try {
      co_await sleep(hours(1000));
    } catch (const Cancelled&) {
      co_return 5;
    }
    co_return 0;
  };
  auto body = [&]() -> Task<void> {
    const auto late = co_await as_result(with_timeout(milliseconds(1), sleep(hours(1000))));
    CHECK(late.error().code() == Errc::timed_out);
    CHECK(co_await with_timeout(milliseconds(1), stubborn()) == 5);
    CHECK(co_await with_timeout(hours(1000), give(3, Duration(0))) == 3);
  };
  run(*reactor, body());
  CHECK(reactor->next_deadline() == TimePoint::max());
}

TEST_CASE("a group waits for its children and throws the first failure") {
  COIL_CONTRACT(reactor);
  int ended = 0;
  auto child = [&](Duration after) -> Task<void> {
    co_await sleep(after);
    ++ended;
  };
  auto good = [&](TaskGroup& group) -> Task<int> {
    group.spawn(child, milliseconds(2));
    group.spawn(child, milliseconds(1));
    CHECK(group.size() == 2);
    co_return 7;
  };
  auto bad = [&](TaskGroup& group) -> Task<void> {
    group.spawn(child, hours(1000));
    group.spawn(&refuse, milliseconds(1));
    co_await sleep(hours(1000));
  };
  CHECK(run(*reactor, with_task_group(good)) == 7);
  CHECK(ended == 2);
  CHECK_THROWS_WITH_AS(run(*reactor, with_task_group(bad)), "refused", std::runtime_error);
  CHECK(ended == 2);
}

TEST_CASE("of several failures the first is thrown, and the others are counted") {
  COIL_CONTRACT(reactor);
  std::size_t further = 0;
  auto fails = [](const char* what, bool when_cancelled) -> Task<void> {
    try {
      co_await sleep(when_cancelled ? Duration(hours(1000)) : Duration::zero());
    } catch (const Cancelled&) {
    }
    throw std::runtime_error(what);
  };
  auto settles = []() -> Task<void> {
    for (int turn = 0; turn < 5; ++turn) co_await yield();
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(fails, "second", true);
    group.spawn(fails, "first", false);
    group.spawn(fails, "third", true);
    bool cancelled = false;
    try {
      co_await sleep(hours(1000));
    } catch (const Cancelled&) {
      cancelled = true;
    }
    CHECK(cancelled);
    co_await shielded(settles());
    further = group.further_failures();
  };
  CHECK_THROWS_WITH_AS(run(*reactor, with_task_group(body)), "first", std::runtime_error);
  CHECK(further == 2);
}

TEST_CASE("a body that gives up by itself takes its children along") {
  COIL_CONTRACT(reactor);
  bool told = false;
  auto child = [&]() -> Task<void> {
    try {
      co_await sleep(hours(1000));
    } catch (const Cancelled&) {
      told = true;
      throw;
    }
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(child);
    co_await yield();
    throw Cancelled();
  };
  CHECK_THROWS_AS(run(*reactor, with_task_group(body)), Cancelled);
  CHECK(told);
}

TEST_CASE("a child that ends with an error in its result has failed") {
  COIL_CONTRACT(reactor);
  auto child = []() -> Task<Result<int>> {
    co_await yield();
    co_return Error(make_error_code(Errc::timed_out));
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(child);
    co_await sleep(hours(1000));
  };
  CHECK_THROWS_AS(run(*reactor, with_task_group(body)), TimedOut);
}

TEST_CASE("once cancelled, every later await in the scope throws") {
  COIL_CONTRACT(reactor);
  int swallowed = 0;
  auto stubborn = [&]() -> Task<void> {
    for (int tries = 0; tries < 3; ++tries) {
      try {
        co_await sleep(hours(1000));
      } catch (const std::exception&) {
        FAIL("Cancelled is no std::exception");
      } catch (const Cancelled&) {
        ++swallowed;
      }
    }
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(stubborn);
    co_await yield();
    group.cancel();
  };
  run(*reactor, with_task_group(body));
  CHECK(swallowed == 3);
}

TEST_CASE("a scope that begins inside a cancelled one is cancelled from the start") {
  COIL_CONTRACT(reactor);
  int told = 0;
  auto sleeps = [&]() -> Task<void> {
    try {
      co_await sleep(hours(1000));
    } catch (const Cancelled&) {
      ++told;
      throw;
    }
  };
  auto group_body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(sleeps);
    co_return;
  };
  auto late = [&]() -> Task<void> {
    for (int scope = 0; scope < 3; ++scope) {
      try {
        co_await sleep(hours(1000));
      } catch (const Cancelled&) {
      }
      try {
        if (scope == 0) co_await with_timeout(hours(1000), sleeps());
        if (scope == 1) co_await with_task_group(group_body);
        if (scope == 2) co_await when_all(sleeps(), sleeps());
        FAIL("a scope inside a cancelled one went on");
      } catch (const Cancelled&) {
      }
    }
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(late);
    co_await yield();
    group.cancel();
  };
  run(*reactor, with_task_group(body));
  CHECK(told == 4);
}

TEST_CASE("a group whose body is cancelled throws Cancelled where it ends") {
  COIL_CONTRACT(reactor);
  bool went_on = false;
  auto inner = [](TaskGroup&) -> Task<int> {
    co_await sleep(hours(1000));
    co_return 1;
  };
  auto outer = [&]() -> Task<void> {
    co_await with_task_group(inner);
    went_on = true;
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(outer);
    co_await yield();
    group.cancel();
  };
  run(*reactor, with_task_group(body));
  CHECK_FALSE(went_on);
}

TEST_CASE("or_return hands an error to the caller and destroys the locals first") {
  COIL_CONTRACT(reactor);
  std::vector<std::string> seen;
  struct Local {
    explicit Local(std::vector<std::string>& notes) : seen(notes) {}
    ~Local() { seen.push_back("local destroyed"); }
    std::vector<std::string>& seen;
  };
  auto inner = [](bool fails) -> Task<Result<int>> {
    co_await yield();
    if (fails) co_return Error(make_error_code(Errc::timed_out));
    co_return 20;
  };
  auto outer = [&](bool fails) -> Task<Result<int>> {
    const Local local(seen);
    const int value = co_await or_return(inner(fails));
    co_return value + 1;
  };
  auto body = [&]() -> Task<void> {
    const Result<int> good = co_await outer(false);
    CHECK(*good == 21);
    seen.clear();
    const Result<int> bad = co_await outer(true);
    seen.push_back("caller goes on");
    CHECK(bad.error().code() == Errc::timed_out);
  };
  run(*reactor, body());
  CHECK(seen == std::vector<std::string>{"local destroyed", "caller goes on"});
}

TEST_CASE("an event resumes everybody, and a cancelled waiter leaves the queue") {
  COIL_CONTRACT(reactor);
  Event event;
  int resumed = 0;
  auto waiter = [&]() -> Task<void> {
    co_await event.wait();
    ++resumed;
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    for (int count = 0; count < 3; ++count) group.spawn(waiter);
    co_await yield();
    const auto given_up = co_await as_result(with_timeout(milliseconds(1), event.wait()));
    CHECK(given_up.error().code() == Errc::timed_out);
    CHECK(resumed == 0);
    event.set();
  };
  run(*reactor, with_task_group(body));
  CHECK(resumed == 3);
}

TEST_CASE("a million awaits in a loop and a chain of a hundred thousand take constant stack") {
  COIL_CONTRACT(reactor);
  auto leaf = []() -> Task<int> { co_return 1; };
  auto loop = [&]() -> Task<int> {
    int total = 0;
    for (int count = 0; count < 1000000; ++count) total += co_await leaf();
    co_return total;
  };
  CHECK(run(*reactor, loop()) == 1000000);
  std::function<Task<int>(int)> chain = [&](int depth) -> Task<int> {
    if (depth == 0) co_return 0;
    co_return 1 + co_await chain(depth - 1);
  };
  CHECK(run(*reactor, chain(100000)) == 100000);
}

// Runs the scenario again and again, cancelling it after one more step of the loop each time.
template <class Scenario>
void cancel_at_every_step(Reactor& reactor, Scenario scenario) {
  bool finished = false;
  for (int steps = 0; !finished && steps < 500; ++steps) {
    finished = true;
    auto body = [&](TaskGroup& group) -> Task<void> {
      group.spawn(scenario);
      for (int step = 0; step < steps && group.size() != 0; ++step) {
        co_await sleep(Duration::zero());
      }
      finished = group.size() == 0;
      group.cancel();
    };
    run(reactor, with_task_group(body));
  }
  CHECK(finished);
}

TEST_CASE("cancelling at every step of a scenario leaves nothing behind") {
  COIL_CONTRACT(reactor);
  auto scenario = []() -> Task<void> {
    Event event;
    auto race = co_await when_any(give(1, Duration(0)), event.wait());
    CHECK(race.first() == 0);
    co_await when_all(give(1, Duration(0)), yield());
    auto inner = [&](TaskGroup& group) -> Task<void> {
      group.spawn(&give, 1, Duration(0));
      co_await with_timeout(hours(1000), give(2, Duration(0)));
    };
    co_await with_task_group(inner);
  };
  cancel_at_every_step(*reactor, scenario);
}

TEST_CASE("scopes nest in each other, and end from the inside out") {
  COIL_CONTRACT(reactor);
  auto answer = []() -> Task<int> {
    co_await yield();
    co_return 42;
  };
  auto never = []() -> Task<void> { co_await sleep(std::chrono::hours(1)); };
  auto all = [&]() -> Task<void> {
    constexpr Duration hour = std::chrono::hours(1);
    CHECK(co_await with_timeout(hour, with_timeout(hour, answer())) == 42);
    CHECK(co_await with_timeout(hour, shielded(answer())) == 42);
    CHECK(*co_await as_result(with_timeout(hour, with_deadline(TimePoint::max(), answer()))) == 42);
    const Result<> inner =
        co_await as_result(with_timeout(hour, with_timeout(Duration(1), never())));
    CHECK(inner.error().failure().check<TimedOut>());
    const Result<> outer =
        co_await as_result(with_timeout(Duration(1), with_timeout(hour, never())));
    CHECK(outer.error().failure().check<TimedOut>());
    auto [timed, guarded, plain] =
        co_await when_all(with_timeout(hour, answer()), shielded(answer()), answer());
    CHECK(timed + guarded + plain == 3 * 42);
    auto first = co_await when_any(with_timeout(hour, answer()), sleep(hour));
    CHECK(first.first() == 0);
  };
  run(*reactor, all());
}

}  // namespace
