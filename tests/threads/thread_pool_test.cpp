// A pool by itself: how many threads it has, what it does with work, how it ends.
#include <coil/threads/thread_pool.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/dies.h"
#include "support/latch.h"

#include <coil/runtime.h>
#include <coil/threads.h>
#include <doctest/doctest.h>

using namespace coil;
using namespace coil::testing;

namespace {

ThreadPoolOptions sizes(unsigned min, unsigned max) {
  return ThreadPoolOptions().set_sizes(min, max);
}

// Keeps threads busy until it is opened.
class Barrier {
 public:
  void block(ThreadPool& pool, int threads) {
    Latch begun(threads);
    for (int count = 0; count < threads; ++count) {
      pool.callInThread([this, &begun] {
        begun.count_down();
        open.wait();
      });
    }
    begun.wait();
  }
  Latch open{1};
};

// Returns when everything that was queued before it has begun, on a pool of one thread.
void come_to_an_end(ThreadPool& pool) {
  std::promise<void> done;
  pool.callInThread([&] { done.set_value(); });
  done.get_future().wait();
}

TEST_CASE("sizes are checked") {
  CHECK_THROWS_AS(ThreadPool(sizes(2, 1)), std::invalid_argument);
  ThreadPool pool(sizes(0, 0));
  CHECK_THROWS_AS(pool.adjustPoolsize(1, 0), std::invalid_argument);
  CHECK(pool.max() == 0);
}

TEST_CASE("a pool makes its least number of threads at the start, and more for what is queued") {
  ThreadPool pool(sizes(2, 4));
  CHECK(pool.threads() == 0);
  pool.start();
  CHECK(pool.threads() == 2);
  Barrier barrier;
  barrier.block(pool, 4);
  CHECK(pool.threads() == 4);
  CHECK(pool.working() == 4);
  pool.callInThread([] {});
  CHECK(pool.threads() == 4);
  CHECK(pool.waiting() == 1);
  barrier.open.count_down();
  pool.stop();
  CHECK(pool.threads() == 0);
}

TEST_CASE("work that was queued before the start has as many threads as there may be") {
  ThreadPool pool(sizes(0, 3));
  Latch together(3);
  std::atomic<int> done{0};
  for (int count = 0; count < 3; ++count) {
    pool.callInThread([&] {
      together.arrive_and_wait();
      ++done;
    });
  }
  CHECK(pool.threads() == 0);
  CHECK(pool.waiting() == 3);
  pool.start();
  CHECK(pool.threads() == 3);
  pool.stop();
  CHECK(done == 3);
}

TEST_CASE("sizes that are set before the start make no thread") {
  ThreadPool pool(sizes(0, 1));
  pool.adjustPoolsize(2, 5);
  CHECK(pool.threads() == 0);
  CHECK(pool.min() == 2);
  CHECK(pool.max() == 5);
  pool.start();
  CHECK(pool.threads() == 2);
}

TEST_CASE("a lower maximum ends idle threads before it returns, and busy ones after their work") {
  ThreadPool pool(sizes(4, 4));
  pool.start();
  {
    Barrier barrier;
    barrier.block(pool, 2);
    pool.adjustPoolsize(0, 3);
    CHECK(pool.threads() == 3);
    pool.adjustPoolsize(0, 1);
    CHECK(pool.threads() == 2);
    barrier.open.count_down();
    pool.adjustPoolsize(0, 0);
    while (pool.threads() != 0) std::this_thread::yield();
  }
  bool done = false;
  pool.callInThread([&] { done = true; });
  CHECK(pool.waiting() == 1);
  pool.adjustPoolsize(0, 1);
  pool.stop();
  CHECK(done);
}

TEST_CASE("a higher minimum makes threads at once") {
  ThreadPool pool(sizes(0, 4));
  pool.start();
  CHECK(pool.threads() == 0);
  pool.adjustPoolsize(3, 4);
  CHECK(pool.threads() == 3);
}

TEST_CASE("work is begun in the order in which it was asked for") {
  ThreadPool pool(sizes(1, 1));
  std::vector<int> order;
  for (int number = 0; number < 100; ++number) {
    pool.callInThread([&, number] { order.push_back(number); });
  }
  pool.start();
  pool.stop();
  REQUIRE(order.size() == 100);
  for (int number = 0; number < 100; ++number)
    CHECK(order[static_cast<std::size_t>(number)] == number);
}

TEST_CASE("a stop does what is queued, joins every thread, and refuses what comes later") {
  std::atomic<int> done{0};
  auto held = std::make_shared<int>(0);
  ThreadPool pool(sizes(0, 2));
  pool.start();
  for (int count = 0; count < 50; ++count) {
    pool.callInThread([&] { ++done; });
  }
  CHECK(pool.stop().empty());
  CHECK(done == 50);
  pool.callInThread([held] { ++*held; });
  CHECK(held.use_count() == 1);
  CHECK(*held == 0);
  CHECK(pool.stop().empty());
}

TEST_CASE("a pool that never started drops what it was given") {
  auto held = std::make_shared<int>(0);
  {
    ThreadPool pool(sizes(1, 2));
    pool.callInThread([held] { ++*held; });
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
  CHECK(*held == 0);
}

TEST_CASE("a stop with a limit leaves what blocks to itself, and tells where it came from") {
  Barrier barrier;
  std::promise<void> ended;
  auto held = std::make_shared<int>(0);
  {
    ThreadPool pool(sizes(3, 3));  // Two idle ones are joined all the same.
    pool.start();
    std::promise<void> begun;
    const unsigned line = __LINE__ + 1;
    pool.callInThread([&] {
      begun.set_value();
      barrier.open.wait();
      ended.set_value();
    });
    begun.get_future().wait();
    pool.adjustPoolsize(1, 1);
    pool.callInThread([held] { ++*held; });
    const std::vector<std::source_location> left = pool.stop(Duration::zero());
    REQUIRE(left.size() == 1);
    CHECK(left[0].line() == line);
    CHECK(pool.threads() == 0);
    CHECK(pool.working() == 0);
    CHECK(held.use_count() == 1);
    CHECK(*held == 0);
  }
  barrier.open.count_down();  // It works on although its pool has gone.
  ended.get_future().wait();
}

TEST_CASE("a stop without a limit ends when another one leaves the work to itself") {
  Barrier barrier;
  ThreadPool pool(sizes(1, 1));
  pool.start();
  std::promise<void> ended;
  std::promise<void> begun;
  pool.callInThread([&] {
    begun.set_value();
    barrier.open.wait();
    ended.set_value();
  });
  begun.get_future().wait();
  std::thread waits([&] { CHECK(pool.stop().empty()); });
  // Once work is refused, the stop holds the lock until it waits.
  auto refused = [&] {
    const auto held = std::make_shared<int>(0);
    pool.callInThread([held] {});
    return held.use_count() == 1;
  };
  while (!refused()) std::this_thread::yield();
  CHECK(pool.stop(Duration::zero()).size() == 1);
  waits.join();
  barrier.open.count_down();
  ended.get_future().wait();
}

TEST_CASE("what work throws goes to the pool's sink, also if that throws, and its thread goes on") {
  std::vector<std::string> log;
  auto sink = [&](const LogRecord& record) {
    log.push_back(record.text());
    if (log.size() == 2) throw std::runtime_error("a broken sink");
  };
  ThreadPool pool(sizes(1, 1).set_log_sink(sink));
  pool.start();
  for (int count = 0; count < 3; ++count) {
    pool.callInThread([] { throw std::runtime_error("escapes"); });
  }
  bool done = false;
  pool.callInThread([&] { done = true; });
  CHECK(pool.threads() == 1);
  pool.stop();
  CHECK(done);
  REQUIRE(log.size() == 3);
  CHECK(log[0].find("escapes") != std::string::npos);
}

TEST_CASE(
    "ten thousand pieces of work from four threads are done once each, whatever the size is") {
  std::vector<std::atomic<int>> done(10'000);
  ThreadPool pool(sizes(0, 4));
  pool.start();
  std::vector<std::thread> threads;
  for (std::size_t first = 0; first < 4; ++first) {
    threads.emplace_back([&, first] {
      for (std::size_t index = first; index < done.size(); index += 4) {
        pool.callInThread([&, index] { ++done[index]; });
        if (index % 500 == 0) pool.adjustPoolsize(0, 1 + static_cast<unsigned>(index / 500 % 4));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  pool.stop();
  for (const std::atomic<int>& count : done) CHECK(count == 1);
}

// Not on io_uring: liburing maps and unmaps its rings by system calls that the thread sanitizer
// does not see, and so the memory of one that has gone looks like that of the next, in another
// thread.
std::unique_ptr<Reactor> make_other_reactor() {
  for (const AvailableReactor& entry : available_reactors()) {
    if (entry.kind == ReactorKind::io_uring || !entry.refusal.empty()) continue;
    return make_reactor(ReactorOptions().set_kind(entry.kind));
  }
  return make_reactor();
}

TEST_CASE("reactors on several threads share a pool, and each gets its own results") {
  ThreadPool pool(sizes(0, 3));
  pool.start();
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int number = 0; number < 3; ++number) {
    threads.emplace_back([&, number] {
      const std::unique_ptr<Reactor> reactor = make_other_reactor();
      auto program = [&]() -> Task<void> {
        for (int round = 0; round < 200; ++round) {
          auto work = [number, round] { return number * 1000 + round; };
          const int value = co_await pool.run(work);
          if (reactor->isInIOThread() && value == number * 1000 + round) ++right;
        }
      };
      run(*reactor, program());
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 600);
}

TEST_CASE("what comes to a stopped pool fails with ExecutorStopped") {
  ThreadPool pool(sizes(1, 1));
  pool.stop();
  const std::unique_ptr<Reactor> reactor = make_reactor();
  bool began = false;
  auto program = [&]() -> Task<void> {
    auto work = [&] { began = true; };
    CHECK_THROWS_AS(co_await pool.run(work), ExecutorStopped);
    CHECK_THROWS_AS(co_await deferToThreadPool(*reactor, pool, work), ExecutorStopped);
  };
  run(*reactor, program());
  CHECK_FALSE(began);
}

TEST_CASE("a pool that is stopped by its own work, or started again, ends the program") {
  CHECK(last_words([] {
          ThreadPool pool(sizes(1, 1));
          pool.start();
          pool.callInThread([&] { pool.stop(); });
          come_to_an_end(pool);
        }).find("stopped by its own work") != std::string::npos);
  CHECK(last_words([] {
          ThreadPool pool(sizes(1, 1));
          pool.stop();
          pool.start();
        }).find("started after it was stopped") != std::string::npos);
}

}  // namespace
