// Covers: defer_to_thread.h, and blocking_executor.h: cancellation, stops, and calls from threads.
#include <atomic>
#include <future>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <thread>

#include "support/contract.h"
#include "support/thread_work.h"
#include "support/workers.h"

#include <coil/threads.h>

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

using Strings = std::vector<std::string>;

TEST_CASE("an await that is cancelled before its work begins ends at once, and it never does") {
  COIL_CONTRACT(reactor);
  bool began = false;
  bool cancelled = false;
  auto program = [&]() -> Task<void> {
    const std::shared_ptr<BlockingExecutor> pool = getThreadPool(*reactor);
    pool->adjustPoolsize(0, 0);  // No thread comes to it.
    auto work = [&] { began = true; };
    auto waits = [&]() -> Task<void> {
      try {
        co_await pool->run(work);
      } catch (const Cancelled&) {
        cancelled = true;
        throw;
      }
    };
    auto both = [&](TaskGroup& group) -> Task<void> {
      group.spawn(waits);
      co_await yield();
      group.cancel();
    };
    co_await with_task_group(both);
    pool->adjustPoolsize(0, 10);
    co_await pool->run([] {});
  };
  run(*reactor, program());
  CHECK(cancelled);
  CHECK_FALSE(began);
}

TEST_CASE("an await that is cancelled after its work began ends with it, and gives its value") {
  COIL_CONTRACT(reactor);
  if (!has_threads(reactor)) return;
  Blocked blocked;
  std::optional<int> value;
  bool cancelled_later = false;
  auto program = [&]() -> Task<void> {
    auto work = [&] {
      blocked.wait();
      return 3;
    };
    auto waits = [&]() -> Task<void> {
      value = co_await getThreadPool(*reactor)->run(work);
      try {
        co_await yield();
      } catch (const Cancelled&) {
        cancelled_later = true;
        throw;
      }
    };
    auto both = [&](TaskGroup& group) -> Task<void> {
      group.spawn(waits);
      while (!blocked.begun) co_await yield();
      group.cancel();
      CHECK_FALSE(value.has_value());
      reactor->callLater(milliseconds(1), [&] { blocked.end.set_value(); });
    };
    co_await with_task_group(both);
  };
  run(*reactor, program());
  CHECK(value == 3);
  CHECK(cancelled_later);
}

TEST_CASE("work that takes a stop token hears of the cancellation") {
  COIL_CONTRACT(reactor);
  if (!has_threads(reactor)) return;
  std::atomic<bool> begun{false};
  bool cancelled = false;
  auto work = [&](const std::stop_token& token) {
    begun = true;
    while (!token.stop_requested()) std::this_thread::yield();
    throw Cancelled();
  };
  auto program = [&]() -> Task<void> {
    auto both = [&](TaskGroup& group) -> Task<void> {
      auto waits = [&]() -> Task<void> {
        try {
          co_await getThreadPool(*reactor)->run(work);
        } catch (const Cancelled&) {
          cancelled = true;
          throw;
        }
      };
      group.spawn(waits);
      while (!begun) co_await yield();
      group.cancel();
    };
    co_await with_task_group(both);
  };
  run(*reactor, program());
  CHECK(cancelled);
  begun = false;
  bool told = false;
  auto deferred = deferToThread(*reactor, work);
  deferred.addErrback([&](const Failure& failure) { told = failure.check<CancelledError>(); });
  turn_until(*reactor, [&] { return begun.load(); });
  deferred.cancel();
  CHECK(told);
}

TEST_CASE("a cancelled Deferred fires at once; work that has not begun never does") {
  COIL_CONTRACT(reactor);
  auto held = std::make_shared<int>(0);
  getThreadPool(*reactor)->adjustPoolsize(0, 0);
  std::optional<Failure> why;
  auto deferred = deferToThread(*reactor, [held] { ++*held; });
  deferred.addErrback([&](const Failure& failure) { why = failure; });
  reactor->iterate();
  deferred.cancel();
  REQUIRE(why.has_value());
  CHECK(why->check<CancelledError>());
  CHECK(held.use_count() == 1);
  CHECK(*held == 0);
}

TEST_CASE("a result that comes after the cancellation is dropped, on the reactor's thread") {
  COIL_CONTRACT(reactor);
  if (!has_threads(reactor)) return;
  Blocked blocked;
  std::optional<std::thread::id> died_on;
  auto on_loop = [&](const int* value) {
    delete value;
    died_on = std::this_thread::get_id();
  };
  int results = 0;
  auto work = [&] {
    blocked.wait();
    return std::shared_ptr<int>(new int(1), on_loop);
  };
  auto deferred = deferToThread(*reactor, work);
  Deferred<void> told = deferred.addBoth([&](const Result<std::shared_ptr<int>>& result) -> void {
    ++results;
    CHECK(result.error().failure().check<CancelledError>());
  });
  turn_until(*reactor, [&] { return blocked.begun.load(); });
  told.cancel();
  CHECK(results == 1);
  blocked.end.set_value();
  turn_until(*reactor, [&] { return died_on.has_value(); });
  CHECK(died_on == std::this_thread::get_id());
  CHECK(results == 1);
}

TEST_CASE("a stop leaves work that blocks beyond its deadline to itself, and names it") {
  COIL_CONTRACT(reactor);
  if (!has_threads(reactor)) return;
  Blocked blocked;
  std::promise<void> ended;
  auto held = std::make_shared<int>(0);
  std::optional<Failure> why;
  suggestThreadPoolSize(*reactor, 1);
  const unsigned line = __LINE__ + 1;
  callInThread(*reactor, [&] {
    blocked.wait();
    ended.set_value();
  });
  callInThread(*reactor, [held] { ++*held; });  // It waits behind the other.
  auto waits = deferToThread(*reactor, [held] { ++*held; });
  waits.addErrback([&](const Failure& failure) { why = failure; });
  reactor->set_stop_deadline(milliseconds(1));
  auto stop_when_begun = [&]() -> Task<void> {
    while (!blocked.begun) co_await yield();
    reactor->stop();
  };
  detail::start_root<"stops">(*reactor, stop_when_begun());
  reactor->run();
  const StopReport& report = reactor->last_stop();
  CHECK(report.left() == 1);
  const std::string where = "1 left to itself: work in a thread (thread_cancel_contract_test.cpp:" +
                            std::to_string(line) + ")";
  CHECK(report.text().find(where) != std::string::npos);
  CHECK(held.use_count() == 2);  // What comes home is still to be delivered.
  turn_until(*reactor, [&] { return why.has_value(); });
  CHECK(why->check<ReactorStopped>());
  CHECK(held.use_count() == 1);
  CHECK(*held == 0);
  blocked.end.set_value();
  ended.get_future().wait();
}

TEST_CASE("a task is parked with the work that it waits for, and ends if that ends in time") {
  COIL_CONTRACT(reactor);
  if (!has_threads(reactor)) return;
  Blocked blocked;
  std::optional<int> value;
  auto waits = [&]() -> Task<void> {
    auto work = [&] {
      blocked.wait();
      return 4;
    };
    value = co_await getThreadPool(*reactor)->run(work);
  };
  detail::start_root<"waits">(*reactor, waits());
  reactor->set_stop_deadline(milliseconds(1));
  auto stop_when_begun = [&]() -> Task<void> {
    while (!blocked.begun) co_await yield();
    reactor->stop();
  };
  detail::start_root<"stops">(*reactor, stop_when_begun());
  reactor->run();
  CHECK(reactor->last_stop().left() == 1);
  CHECK(reactor->last_stop().forced() == 1);
  CHECK_FALSE(value.has_value());
  blocked.end.set_value();
  turn_until(*reactor, [&] { return value.has_value(); });
  CHECK(value == 4);
}

TEST_CASE("a task is parked with the call that it waits for, and ends if that ends in time") {
  COIL_CONTRACT(reactor);
  if (stop_waits_for_nobody(*reactor)) return;
  ReactorThread worker(worker_options());
  std::atomic<bool> begun{false};
  std::atomic<bool> enough{false};
  std::optional<int> value;
  auto body = [&](Reactor&) -> Task<int> {
    auto insists = [&]() -> Task<void> {
      begun = true;
      while (!enough) co_await sleep(milliseconds(1));
    };
    co_await shielded(insists());
    co_return 5;
  };
  auto waits = [&]() -> Task<void> { value = co_await worker.run(body); };
  detail::start_root<"waits">(*reactor, waits());
  reactor->set_stop_deadline(milliseconds(1));
  auto stop_when_begun = [&]() -> Task<void> {
    while (!begun) co_await yield();
    reactor->stop();
  };
  detail::start_root<"stops">(*reactor, stop_when_begun());
  reactor->run();
  CHECK(reactor->last_stop().forced() == 1);
  CHECK_FALSE(value.has_value());
  enough = true;
  turn_until(*reactor, [&] { return value.has_value(); });
  CHECK(value == 5);
}

TEST_CASE("a reactor that goes before the work of another's pool fails who waits for it") {
  Blocked blocked;
  std::optional<Failure> why;
  std::optional<Failure> why_queued;
  std::promise<void> freed;
  auto held = std::shared_ptr<int>(new int(0), [&](const int* value) {
    delete value;
    freed.set_value();
  });
  ThreadPool pool(ThreadPoolOptions().set_sizes(1, 1));
  pool.start();
  {
    COIL_CONTRACT(reactor);
    auto work = [&blocked, held = std::move(held)] {
      blocked.wait();
      return held;
    };
    auto deferred = deferToThreadPool(*reactor, pool, std::move(work));
    deferred.addErrback([&](const Failure& failure) {
      why = failure;
      return std::shared_ptr<int>();
    });
    auto queued = deferToThreadPool(*reactor, pool, [] { FAIL("nobody waits for it"); });
    queued.addErrback([&](const Failure& failure) { why_queued = failure; });
    while (!blocked.begun) std::this_thread::yield();
  }
  REQUIRE(why.has_value());
  REQUIRE(why_queued.has_value());
  CHECK(why->check<ReactorStopped>());
  CHECK(why_queued->check<ReactorStopped>());
  CHECK(pool.waiting() == 0);
  blocked.end.set_value();
  freed.get_future().wait();  // By the thread: there is no loop any more.
}

TEST_CASE("blockingCallFromThread gives what a function, a Deferred or a task comes to") {
  COIL_CONTRACT(reactor);
  Deferred<int> later;
  auto fires = [&] {
    reactor->callLater(milliseconds(1), [&] { later.callback(2); });
    return later;
  };
  auto sleeps = []() -> Task<int> {
    co_await sleep(milliseconds(1));
    co_return 3;
  };
  auto throws = []() -> int { throw std::out_of_range("in the loop"); };
  auto fails = []() -> Task<void> {
    co_await yield();
    throw std::out_of_range("in a task");
  };
  Strings seen;
  std::thread other([&] {
    CHECK(blockingCallFromThread(*reactor, [&] { return reactor->isInIOThread(); }));
    CHECK(blockingCallFromThread(*reactor, [] { return std::make_unique<int>(1); }) != nullptr);
    CHECK(blockingCallFromThread(*reactor, fires) == 2);
    CHECK(blockingCallFromThread(*reactor, sleeps) == 3);
    CHECK_THROWS_AS(blockingCallFromThread(*reactor, throws), std::out_of_range);
    CHECK_THROWS_AS(blockingCallFromThread(*reactor, fails), std::out_of_range);
    blockingCallFromThread(*reactor, [&] { seen.emplace_back("nothing"); });
    reactor->callFromThread([&] { reactor->stop(); });
  });
  reactor->run();
  other.join();
  CHECK(seen == Strings{"nothing"});
}

TEST_CASE("blockingCallFromThread is refused on the reactor's own thread") {
  COIL_CONTRACT(reactor);
  bool called = false;
  CHECK_THROWS_AS(blockingCallFromThread(*reactor, [&] { called = true; }), WrongThread);
  reactor->iterate();
  CHECK_FALSE(called);
}

TEST_CASE("blockingCallFromThread fails if the reactor ends without an answer") {
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  {
    COIL_CONTRACT(reactor);
    std::atomic<int> entered{0};
    auto start = [&](auto function) {
      threads.emplace_back([&failed, &target = *reactor, function] {
        CHECK_THROWS_AS(blockingCallFromThread(target, function), SystemError);
        ++failed;
      });
    };
    start([&entered] {
      ++entered;
      return Deferred<int>();  // Nobody keeps it, nobody fires it.
    });
    auto sleeps = [&entered]() -> Task<void> {
      ++entered;
      co_await sleep(hours(1000));
    };
    start(sleeps);
    turn_until(*reactor, [&] { return entered == 2; });
  }
  const int count = static_cast<int>(threads.size());
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == count);
}

TEST_CASE("a blocking call that the loop never looks at is answered when the reactor ends") {
  auto answer = std::make_shared<detail::Answer<int>>();
  {
    COIL_CONTRACT(reactor);
    reactor->callFromThread([duty = detail::AnswerDuty<int>(answer)]() mutable { duty.give(1); });
  }
  CHECK_THROWS_AS(answer->wait().value(), ReactorStopped);
}

}  // namespace
