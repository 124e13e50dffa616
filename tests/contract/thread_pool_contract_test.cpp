// Covers: blocking_executor.h, thread_pool.h: what the executor of a reactor promises, on each.
#include <atomic>
#include <optional>
#include <stdexcept>
#include <thread>

#include "support/contract.h"
#include "support/latch.h"
#include "support/thread_work.h"

#include <coil/threads.h>

using namespace coil;
using namespace coil::testing;

namespace {

using Strings = std::vector<std::string>;

// A thread that was joined may be listed for a moment longer.
bool comes_to_threads(std::ptrdiff_t count) {
  while (thread_count() != count) std::this_thread::yield();
  return true;
}

// How many traces died in the thread that made this, and how many in others.
class Deaths {
 public:
  std::thread::id home = std::this_thread::get_id();
  std::atomic<int> at_home{0};
  std::atomic<int> away{0};
};

class Trace {
 public:
  explicit Trace(Deaths& deaths) : deaths_(&deaths) {}
  Trace(const Trace&) = default;
  Trace(Trace&& other) noexcept : deaths_(std::exchange(other.deaths_, nullptr)) {}
  Trace& operator=(Trace other) noexcept {
    std::swap(deaths_, other.deaths_);
    return *this;
  }
  ~Trace() {
    if (deaths_ != nullptr) {
      ++(std::this_thread::get_id() == deaths_->home ? deaths_->at_home : deaths_->away);
    }
  }

 private:
  Deaths* deaths_;
};

TEST_CASE("work runs away from the reactor's thread, and its result comes back to it") {
  COIL_CONTRACT(reactor);
  std::thread::id ran_on;
  auto program = [&]() -> Task<int> {
    auto work = [&] {
      ran_on = std::this_thread::get_id();
      CHECK(reactor->isInIOThread() == (reactor->name() == "simulated"));
      return 7;
    };
    const int value = co_await getThreadPool(*reactor)->run(work);
    CHECK(reactor->isInIOThread());
    co_return value;
  };
  CHECK(run(*reactor, program()) == 7);
  CHECK((ran_on == std::this_thread::get_id()) == (reactor->name() == "simulated"));
}

TEST_CASE("work that was queued before run is done after the start, and the pool ends with run") {
  COIL_CONTRACT(reactor);
  const std::ptrdiff_t before = thread_count();
  std::atomic<int> done{0};
  bool running = false;
  std::shared_ptr<BlockingExecutor> pool = getThreadPool(*reactor);
  CHECK(pool == getThreadPool(*reactor));
  for (int count = 0; count < 20; ++count) {
    callInThread(*reactor, [&] { ++done; });
  }
  CHECK(done == 0);
  auto last = [&] {
    running = reactor->running();
    reactor->stop();
  };
  callInThread(*reactor, [&] { reactor->callFromThread(last); });
  reactor->run();
  CHECK(running);
  CHECK(done == 20);
  CHECK(reactor->last_stop().left() == 0);
  if (reactor->name() == "simulated") return;
  CHECK(static_cast<ThreadPool&>(*pool).threads() == 0);
  CHECK(comes_to_threads(before));
  CHECK(reactor->find<BlockingExecutor>() == nullptr);
}

TEST_CASE("a pool that was first asked for while the reactor runs is joined before run returns") {
  COIL_CONTRACT(reactor);
  const std::ptrdiff_t before = thread_count();
  bool done = false;
  auto start = [&] {
    callInThread(*reactor, [&] {
      done = true;
      reactor->callFromThread([&] { reactor->stop(); });
    });
  };
  reactor->callWhenRunning(start);
  reactor->run();
  CHECK(done);
  CHECK(comes_to_threads(before));
}

TEST_CASE("a shutdown that is fired without a run ends the pool, also one that never started") {
  COIL_CONTRACT(reactor);
  auto held = std::make_shared<int>(0);
  std::optional<Failure> why;
  auto waits = deferToThread(*reactor, [held] { ++*held; });
  waits.addErrback([&](const Failure& failure) { why = failure; });
  callInThread(*reactor, [held] { ++*held; });
  reactor->fireSystemEvent("shutdown");
  turn_until(*reactor, [&] { return why.has_value(); });
  CHECK(why->check<ReactorStopped>());
  CHECK(held.use_count() == 1);
  CHECK(*held == 0);
}

TEST_CASE("what nobody could run any more is destroyed with the reactor, and its waiters fail") {
  auto held = std::make_shared<int>(0);
  std::optional<Failure> why;
  {
    COIL_CONTRACT(reactor);
    std::shared_ptr<BlockingExecutor> pool = getThreadPool(*reactor);
    callInThread(*reactor, [held] { ++*held; });
    auto waits = deferToThread(*reactor, [held] { ++*held; });
    waits.addErrback([&](const Failure& failure) { why = failure; });
  }
  REQUIRE(why.has_value());
  CHECK(why->check<ReactorStopped>());
  CHECK(held.use_count() == 1);
  CHECK(*held == 0);
}

TEST_CASE("work after the reactor's stop is destroyed, and its waiters fail") {
  auto held = std::make_shared<int>(0);
  std::optional<Failure> why;
  std::optional<Failure> why_later;
  {
    COIL_CONTRACT(reactor);
    const std::shared_ptr<BlockingExecutor> pool = getThreadPool(*reactor);
    reactor->callWhenRunning([&] { reactor->stop(); });
    reactor->run();
    callInThread(*reactor, [held] { ++*held; });
    auto waits = deferToThread(*reactor, [held] { ++*held; });
    waits.addErrback([&](const Failure& failure) { why = failure; });
    pool->callInThread([held] { ++*held; });
    auto others = deferToThreadPool(*reactor, *pool, [held] { ++*held; });
    others.addErrback([&](const Failure& failure) { why_later = failure; });
  }
  REQUIRE(why.has_value());
  CHECK(why->check<ReactorStopped>());
  REQUIRE(why_later.has_value());
  CHECK(why_later->check<ReactorStopped>());
  CHECK(held.use_count() == 1);
  CHECK(*held == 0);
}

TEST_CASE("an exception of work that nobody waits for is logged, and its thread goes on") {
  COIL_CONTRACT(reactor);
  bool done = false;
  const unsigned line = __LINE__ + 1;
  callInThread(*reactor, [] { throw std::runtime_error("escapes"); });
  auto behind = [&] { reactor->callFromThread([&] { done = true; }); };
  suggestThreadPoolSize(*reactor, 1);
  callInThread(*reactor, behind);
  turn_until(*reactor, [&] { return done && !reactor.log.empty(); });
  REQUIRE(reactor.log.size() == 1);
  CHECK(reactor.log[0].find("callInThread") == 0);
  CHECK(reactor.log[0].find("escapes") != std::string::npos);
  const std::string where = "thread_pool_contract_test.cpp:" + std::to_string(line);
  CHECK(reactor.log[0].find(where) != std::string::npos);
}

TEST_CASE("callInThreadWithCallback tells a value or an error, once, in the worker's thread") {
  COIL_CONTRACT(reactor);
  const std::shared_ptr<BlockingExecutor> pool = getThreadPool(*reactor);
  std::atomic<int> values{0};
  std::atomic<int> errors{0};
  std::atomic<std::thread::id> ran_on;
  std::atomic<std::thread::id> told_on;
  auto told = [&](const Result<int>& result) {
    told_on = std::this_thread::get_id();
    ++(result ? values : errors);
    if (result) CHECK(*result == 5);
    if (!result) CHECK(result.error().failure().check<std::runtime_error>());
  };
  auto gives = [&] {
    ran_on = std::this_thread::get_id();
    return 5;
  };
  pool->callInThreadWithCallback(told, gives);
  turn_until(*reactor, [&] { return values == 1; });
  CHECK(told_on.load() == ran_on.load());
  auto throws = []() -> int { throw std::runtime_error("no value"); };
  pool->callInThreadWithCallback(told, throws);
  turn_until(*reactor, [&] { return errors == 1; });
  CHECK(reactor.log.empty());
  auto escapes = [](const Result<int>&) { throw std::runtime_error("of the report"); };
  pool->callInThreadWithCallback(escapes, gives);
  turn_until(*reactor, [&] { return !reactor.log.empty(); });
  CHECK(reactor.log[0].find("of the report") != std::string::npos);
  CHECK(values + errors == 2);
}

TEST_CASE("callMultipleInThread makes its calls in order, in one thread, up to one that throws") {
  COIL_CONTRACT(reactor);
  std::vector<std::thread::id> ran_on;
  std::vector<Callback> calls;
  for (int count = 0; count < 3; ++count) {
    calls.emplace_back([&] { ran_on.push_back(std::this_thread::get_id()); });
  }
  calls.emplace_back([] { throw std::runtime_error("the end of the row"); });
  calls.emplace_back([&] { ran_on.emplace_back(); });
  callMultipleInThread(*reactor, std::move(calls));
  turn_until(*reactor, [&] { return !reactor.log.empty(); });
  REQUIRE(ran_on.size() == 3);
  CHECK(ran_on[0] == ran_on[2]);
}

TEST_CASE("what work holds is released in its thread, before that is idle") {
  COIL_CONTRACT(reactor);
  Deaths deaths;
  auto work = [&, trace = Trace(deaths)] { return Trace(deaths); };
  auto told = [trace = Trace(deaths)](const Result<Trace>&) {};
  getThreadPool(*reactor)->callInThreadWithCallback(std::move(told), std::move(work));
  turn_until(*reactor, [&] { return deaths.away + deaths.at_home == 3; });
  CHECK(deaths.away == (reactor->name() == "simulated" ? 0 : 3));
}

TEST_CASE("what the work of a task or a Deferred holds is released on the reactor's thread") {
  COIL_CONTRACT(reactor);
  Deaths deaths;
  auto work = [&, trace = Trace(deaths)] { return Trace(deaths); };
  auto awaits = [&]() -> Task<void> {
    const Trace result = co_await getThreadPool(*reactor)->run(work);
  };
  run(*reactor, awaits());
  CHECK(deaths.at_home == 2);
  bool done = false;
  auto deferred = deferToThread(*reactor, std::move(work));
  auto told = deferred.addBoth([&](const Result<Trace>& result) {
    CHECK(result);
    done = true;
  });
  turn_until(*reactor, [&] { return done; });
  CHECK(deaths.at_home == 4);
  CHECK(deaths.away == 0);
}

TEST_CASE("deferToThread gives a value or an error on the reactor's thread, each its own") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto first = deferToThread(*reactor, [] { return std::string("value"); });
  auto first_told = first.addCallback([&](const std::string& value) -> void {
    CHECK(reactor->isInIOThread());
    seen.push_back(value);
  });
  turn_until(*reactor, [&] { return seen.size() == 1; });
  auto second = deferToThread(*reactor, []() -> int { throw std::runtime_error("error"); });
  second.addErrback([&](const Failure& failure) {
    CHECK(reactor->isInIOThread());
    CHECK(failure.check<std::runtime_error>());
    seen.push_back(failure.getErrorMessage());
    return 0;
  });
  turn_until(*reactor, [&] { return seen.size() == 2; });
  auto third = deferToThread(*reactor, [] {});
  third.addCallback([&] { seen.push_back("done"); });
  turn_until(*reactor, [&] { return seen.size() == 3; });
  CHECK(seen == Strings{"value", "error", "done"});
}

TEST_CASE("an awaited error is thrown where it is awaited, and is a value under as_result") {
  COIL_CONTRACT(reactor);
  auto program = [&]() -> Task<void> {
    const std::shared_ptr<BlockingExecutor> pool = getThreadPool(*reactor);
    auto fails = []() -> int { throw std::out_of_range("too far"); };
    CHECK_THROWS_AS(co_await pool->run(fails), std::out_of_range);
    const Result<int> result = co_await as_result(pool->run(fails));
    CHECK(result.error().failure().check<std::out_of_range>());
    auto gives_up = []() -> int { throw Cancelled(); };
    bool cancelled = false;
    try {
      static_cast<void>(co_await as_result(pool->run(gives_up)));
    } catch (const Cancelled&) {
      cancelled = true;
    }
    CHECK(cancelled);
  };
  run(*reactor, program());
}

TEST_CASE("the size that is suggested is that of the pool") {
  COIL_CONTRACT(reactor);
  const std::shared_ptr<BlockingExecutor> pool = getThreadPool(*reactor);
  CHECK(pool->min() == 0);
  CHECK(pool->max() == 10);
  pool->adjustPoolsize(4, 6);
  suggestThreadPoolSize(*reactor, 3);
  CHECK(pool->min() == 3);
  CHECK(pool->max() == 3);
  CHECK_THROWS_AS(pool->adjustPoolsize(2, 1), std::invalid_argument);
  CHECK(pool->max() == 3);
}

TEST_CASE("work that waits for other work goes on while the pool may grow") {
  COIL_CONTRACT(reactor);
  if (!has_threads(reactor)) return;
  constexpr int count = 10;
  Latch all(count);
  std::atomic<int> done{0};
  for (int index = 0; index < count; ++index) {
    callInThread(*reactor, [&] {
      all.arrive_and_wait();
      ++done;
    });
  }
  turn_until(*reactor, [&] { return done == count; });
  CHECK(static_cast<ThreadPool&>(*getThreadPool(*reactor)).threads() == count);
}

TEST_CASE("a stop waits for the work, while the loop turns, and delivers what comes of it") {
  COIL_CONTRACT(reactor);
  Strings seen;
  if (reactor->name() != "simulated") {
    callInThread(*reactor, [&] {
      // It needs the loop to end, which is being stopped.
      blockingCallFromThread(*reactor, [&] { reactor->stop(); });
      blockingCallFromThread(*reactor, [&] { seen.emplace_back("asked the loop"); });
    });
  } else {
    callInThread(*reactor, [&] { reactor->callFromThread([&] { reactor->stop(); }); });
    seen.emplace_back("asked the loop");
  }
  auto deferred = deferToThread(*reactor, [] { return std::string("gave a value"); });
  auto told =
      deferred.addCallback([&](const std::string& value) -> void { seen.push_back(value); });
  reactor->run();
  CHECK(seen.size() == 2);
  CHECK(reactor->last_stop().left() == 0);
}

}  // namespace
