// Blocking work on the simulated reactor: drawn from the seed, and never inside another call.
#include <string>
#include <vector>

#include "support/test_options.h"

#include <coil/runtime.h>
#include <coil/testing/simulated_reactor.h>
#include <coil/threads.h>
#include <doctest/doctest.h>

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

class Run {
 public:
  std::string order;
  std::uint64_t trace = 0;
  friend bool operator==(const Run&, const Run&) = default;
};

// Five pieces of work, among them one that is asked for by another.
Run run_with(std::uint64_t seed) {
  SimulatedReactor reactor(seed);
  Run seen;
  auto program = [&]() -> Task<void> {
    const std::shared_ptr<BlockingExecutor> pool = getThreadPool(reactor);
    for (const char name : {'a', 'b', 'c'}) {
      pool->callInThread([&seen, name] { seen.order += name; });
    }
    pool->callInThread([&, pool] {
      seen.order += 'd';
      pool->callInThread([&] { seen.order += 'e'; });
    });
    CHECK(seen.order.empty());
    while (seen.order.size() != 5) co_await sleep(milliseconds(1));
  };
  run(reactor, program());
  seen.trace = reactor.trace();
  return seen;
}

TEST_CASE("the seed draws the order of the work, and the same seed draws the same") {
  const std::uint64_t first = test_seed();
  const Run one = run_with(first);
  CHECK(run_with(first) == one);
  std::string others;
  for (std::uint64_t seed = first + 1; seed != first + 20; ++seed) {
    const Run other = run_with(seed);
    CHECK(other.order.find('d') < other.order.find('e'));
    if (other.order != one.order) others += other.order + " ";
  }
  CHECK_FALSE(others.empty());
}

TEST_CASE("work is done while the loop waits, and virtual time goes on until then") {
  SimulatedReactor reactor(test_seed());
  const TimePoint start = reactor.now();
  TimePoint begun;
  auto program = [&]() -> Task<void> {
    auto work = [&] { begun = reactor.now(); };
    co_await getThreadPool(reactor)->run(work);
  };
  run(reactor, program());
  CHECK(begun >= start);
  CHECK(reactor.now() >= begun);
  CHECK(reactor.now() < start + milliseconds(1));
}

TEST_CASE("what no thread may do waits, and does not hold a stop up") {
  SimulatedReactor reactor(test_seed());
  bool done = false;
  suggestThreadPoolSize(reactor, 0);
  callInThread(reactor, [&] { done = true; });
  auto program = [&]() -> Task<void> { co_await sleep(milliseconds(5)); };
  run(reactor, program());
  CHECK_FALSE(done);
  suggestThreadPoolSize(reactor, 1);
  run(reactor, program());
  CHECK(done);
  done = false;
  suggestThreadPoolSize(reactor, 0);
  callInThread(reactor, [&] { done = true; });
  const TimePoint before = reactor.now();
  reactor.callWhenRunning([&] { reactor.stop(); });
  reactor.run();
  CHECK_FALSE(done);
  CHECK(reactor.now() < before + milliseconds(1));
}

TEST_CASE("a simulation in which work waits for the loop refuses that, and goes on") {
  SimulatedReactor reactor(test_seed());
  bool refused = false;
  auto program = [&]() -> Task<void> {
    auto work = [&] { blockingCallFromThread(reactor, [] {}); };
    try {
      co_await getThreadPool(reactor)->run(work);
    } catch (const WrongThread&) {
      refused = true;
    }
  };
  run(reactor, program());
  CHECK(refused);
}

}  // namespace
