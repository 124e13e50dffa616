// Covers: task.h, awaitable.h, as_result.h: what a coroutine is and gives, on any one reactor.
#include <coil/runtime.h>
#include <coil/testing/simulated_reactor.h>
#include <doctest/doctest.h>

#include <concepts>
#include <coroutine>
#include <memory>
#include <stdexcept>
#include <string>

#include "support/dies.h"

using namespace coil;
using coil::testing::SimulatedReactor;

namespace {

class Tracked {
 public:
  explicit Tracked(int& live) : live_(&live) { ++live; }
  Tracked(Tracked&& other) noexcept : live_(other.live_) { ++*live_; }
  ~Tracked() { --*live_; }

 private:
  int* live_;
};

Task<int> count(int& started) {
  ++started;
  co_return started;
}

Task<void> hold(Tracked) { co_await yield(); }

Task<int> fail_with(std::error_code code) {
  co_await yield();
  throw_error(code, "fail_with");
  co_return 0;
}

// An awaiter of a program's own, which knows no results.
class ToldToStop {
 public:
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const { throw Cancelled(); }
};

class ByMember {
 public:
  YieldAwait operator co_await() const { return yield(); }
};

}  // namespace

TEST_CASE("a task runs when it is awaited, not when it is made") {
  SimulatedReactor reactor(1);
  int started = 0;
  Task<int> task = count(started);
  CHECK(task.valid());
  CHECK(started == 0);
  CHECK(run(reactor, std::move(task)) == 1);
  CHECK(!task.valid());
}

TEST_CASE("a task that is discarded or assigned over gives its arguments back") {
  int live = 0;
  Task<void> task = hold(Tracked(live));
  CHECK(live == 1);
  task.discard();
  CHECK(live == 0);
  CHECK(!task.valid());
  task.discard();
}

TEST_CASE("a task that nobody awaits never runs, and a debug build says where it was written") {
  int started = 0;
  const std::string said = coil::testing::last_words([&] {
    {
      const Task<int> task = count(started);
    }
    if (started == 0) std::abort();
  });
#ifndef NDEBUG
  CHECK(said.find("dropped without being awaited") != std::string::npos);
  CHECK(said.find("coroutine_test.cpp") != std::string::npos);
#endif
}

TEST_CASE("the frame of a task has gone when its value is there") {
  SimulatedReactor reactor(1);
  int live = 0;
  auto body = [&]() -> Task<void> {
    Task<void> task = hold(Tracked(live));
    const int left = (co_await std::move(task), live);  // Within the expression that awaits.
    CHECK(left == 0);
  };
  run(reactor, body());
}

TEST_CASE("a task gives references, and values that can only be moved") {
  SimulatedReactor reactor(1);
  int number = 1;
  auto reference = [&]() -> Task<int&> { co_return number; };
  auto moved = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
  auto body = [&]() -> Task<int> {
    int& same = co_await reference();
    same = 2;
    co_return *co_await moved();
  };
  CHECK(run(reactor, body()) == 5);
  CHECK(number == 2);
}

TEST_CASE("what a task throws is thrown where it is awaited") {
  SimulatedReactor reactor(1);
  auto thrower = []() -> Task<void> {
    co_await yield();
    throw std::runtime_error("on purpose");
  };
  std::string seen;
  auto body = [&]() -> Task<void> {
    try {
      co_await thrower();
    } catch (const std::runtime_error& error) {
      seen = error.what();
    }
  };
  run(reactor, body());
  CHECK(seen == "on purpose");
}

TEST_CASE("as_result gives the value, or the error with its code") {
  SimulatedReactor reactor(1);
  int started = 0;
  auto body = [&]() -> Task<void> {
    Result<int> good = co_await as_result(count(started));
    CHECK(good.value() == 1);
    Result<int> bad = co_await as_result(fail_with(Errc::handle_closed));
    CHECK(!bad);
    CHECK(bad.error().code() == Errc::handle_closed);
    CHECK_THROWS_AS(bad.value(), HandleClosed);
    Result<> nothing = co_await as_result(yield());
    CHECK(nothing.has_value());
  };
  run(reactor, body());
}

// Breaks the rule that a suspension is finished once.
class FinishedTwice final : public Suspension {
 public:
  FinishedTwice() noexcept : Suspension([](Suspension&) noexcept {}) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    TaskContext& context = waiter.promise().context();
    if (!enter(context, waiter)) return false;
    context.reactor().ready(*this);
    context.reactor().ready(*this);
    return true;
  }
  void await_resume() const { check_cancelled(); }
};

TEST_CASE("a suspension that is finished twice ends the program with a sentence") {
  auto broken = [] {
    SimulatedReactor reactor(1);
    auto task = []() -> Task<void> { co_await FinishedTwice(); };
    run(reactor, task());
  };
  CHECK(coil::testing::last_words(broken).find("finished twice") != std::string::npos);
}

TEST_CASE("awaiting a task that is empty ends the program with a sentence") {
  auto never_made = []() -> Task<void> {
    Task<void> empty;
    co_await std::move(empty);
  };
  auto moved_from = []() -> Task<void> {
    int started = 0;
    Task<int> task = count(started);
    const Task<int> other = std::move(task);
    co_await std::move(task);
  };
  auto used_up = []() -> Task<void> {
    int started = 0;
    Task<int> task = count(started);
    co_await std::move(task);
    static_cast<void>(co_await as_result(std::move(task)));
  };
  auto empty_child = []() -> Task<void> {
    auto body = [](TaskGroup& group) -> Task<void> {
      group.spawn([] { return Task<void>(); });
      co_return;
    };
    co_await with_task_group(body);
  };
  auto words = [](auto task) {
    return coil::testing::last_words([&] {
      SimulatedReactor reactor(1);
      run(reactor, task());
    });
  };
  CHECK(words(never_made).find("an empty task was awaited") != std::string::npos);
  CHECK(words(moved_from).find("an empty task was awaited") != std::string::npos);
  CHECK(words(used_up).find("an empty task was awaited") != std::string::npos);
  CHECK(words(empty_child).find("an empty task was awaited") != std::string::npos);
}

TEST_CASE("as_result lets Cancelled through") {
  SimulatedReactor reactor(1);
  int caught = 0;
  auto body = [&]() -> Task<void> {
    try {
      Result<int> never = co_await as_result(fail_with(Errc::cancelled));
      CHECK(!never);
    } catch (const Cancelled&) {
      ++caught;
    }
    try {
      Result<> never = co_await as_result(ToldToStop());
      CHECK(!never);
    } catch (const Cancelled&) {
      ++caught;
    }
  };
  run(reactor, body());
  CHECK(caught == 2);
}

TEST_CASE("or_return lets Cancelled through, as an exception and not as a result") {
  SimulatedReactor reactor(1);
  int caught = 0;
  auto inner = [&]() -> Task<Result<int>> {
    try {
      const int never = co_await or_return(fail_with(Errc::cancelled));
      CHECK(never == 0);
    } catch (const Cancelled&) {
      ++caught;
      throw;
    }
    co_return 1;
  };
  auto body = [&]() -> Task<void> {
    try {
      const Result<int> never = co_await inner();
      CHECK(!never);
    } catch (const Cancelled&) {
      ++caught;
    }
  };
  run(reactor, body());
  CHECK(caught == 2);
}

TEST_CASE("or_return gives the value, and skips the rest for an error") {
  SimulatedReactor reactor(1);
  int passed = 0;
  auto outer = [&](std::error_code code) -> Task<Result<std::string>> {
    int started = 0;
    passed += co_await or_return(count(started));
    if (code) passed += co_await or_return(fail_with(code));
    co_return "all of it";
  };
  CHECK(run(reactor, outer({})).value() == "all of it");
  CHECK(passed == 1);
  Result<std::string> failed = run(reactor, outer(Errc::end_of_stream));
  CHECK(passed == 2);
  CHECK(failed.error().code() == Errc::end_of_stream);
}

TEST_CASE("what can be awaited is told from what cannot, with the type that it gives") {
  CHECK(Awaitable<Task<int>>);
  CHECK(Awaitable<YieldAwait>);
  CHECK(Awaitable<ByMember>);
  CHECK(!Awaitable<int>);
  CHECK(!Awaitable<std::string>);
  CHECK(std::same_as<await_result_t<Task<int>>, int>);
  CHECK(std::same_as<await_result_t<Task<int&>>, int&>);
  CHECK(std::same_as<await_result_t<ByMember>, void>);
  CHECK(AwaitableOf<Task<int>, long>);
  CHECK(!AwaitableOf<Task<std::string>, int>);
}
