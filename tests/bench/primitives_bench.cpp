// What the runtime's own steps cost: spawn, await, switch, timers, calls from other threads.
//
// Prints nanoseconds and heap allocations per step, the smallest of several rounds.
#include <coil/runtime.h>
#include <coil/testing/clock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <thread>
#include <vector>

namespace {

std::atomic<std::int64_t> allocations{0};

}  // namespace

void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using coil::Reactor;
using coil::Task;
using std::chrono::hours;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr int rounds = 5;
constexpr int steps = 200'000;
constexpr int live_timers = 1'000'000;

// One round's figures, and the best round's.
class Meter {
 public:
  explicit Meter(const char* name) : name_(name) {}
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;
  ~Meter() { std::printf("%-44s %9.1f ns %7.2f\n", name_, best_ns_, best_allocations_); }

  void start() {
    start_allocations_ = allocations.load();
    start_ = steady_clock::now();
  }
  void stop(int count) {
    const double spent =
        std::chrono::duration<double, std::nano>(steady_clock::now() - start_).count();
    const auto allocated = static_cast<double>(allocations.load() - start_allocations_);
    best_ns_ = std::min(best_ns_, spent / count);
    best_allocations_ = std::min(best_allocations_, allocated / count);
  }

 private:
  const char* name_;
  double best_ns_ = 1e18;
  double best_allocations_ = 1e18;
  std::int64_t start_allocations_ = 0;
  steady_clock::time_point start_;
};

Task<void> nothing() { co_return; }

Task<void> spawn_and_complete() {
  Meter meter("spawn a child and see it complete");
  auto body = [](coil::TaskGroup& group) -> Task<void> {
    for (int step = 0; step < 1000; ++step) group.spawn(&nothing);
    co_return;
  };
  for (int round = 0; round < rounds; ++round) {
    meter.start();
    for (int batch = 0; batch < steps / 1000; ++batch) co_await coil::with_task_group(body);
    meter.stop(steps);
  }
}

Task<int> answer() { co_return 42; }

Task<void> await_child() {
  Meter meter("await a child that is ready");
  for (int round = 0; round < rounds; ++round) {
    int sum = 0;
    meter.start();
    for (int step = 0; step < steps; ++step) sum += co_await answer();
    meter.stop(steps);
    if (sum != 42 * steps) std::abort();
  }
}

Task<void> give_way(int times) {
  for (int time = 0; time < times; ++time) co_await coil::yield();
}

Task<void> yield_and_switch() {
  Meter meter("yield and switch to another task");
  for (int round = 0; round < rounds; ++round) {
    meter.start();
    co_await coil::when_all(give_way(steps / 2), give_way(steps / 2));
    meter.stop(steps);
  }
}

Task<void> hand_over(coil::Event& mine, coil::Event& other, int times) {
  for (int time = 0; time < times; ++time) {
    co_await mine.wait();
    mine.clear();
    other.set();
  }
}

Task<void> ping_pong() {
  Meter meter("wake another task through an Event");
  coil::Event ping;
  coil::Event pong;
  for (int round = 0; round < rounds; ++round) {
    ping.set();
    meter.start();
    co_await coil::when_all(hand_over(ping, pong, steps / 2), hand_over(pong, ping, steps / 2));
    meter.stop(steps);
    ping.clear();
    pong.clear();
  }
}

void deferreds() {
  Meter meter("make a Deferred, add a callback, fire it");
  for (int round = 0; round < rounds; ++round) {
    int sum = 0;
    meter.start();
    for (int step = 0; step < steps; ++step) {
      coil::Deferred<int> deferred;
      deferred.addCallback([&](int value) {
        sum += value;
        return value;
      });
      deferred.callback(1);
    }
    meter.stop(steps);
    if (sum != steps) std::abort();
  }
}

void timers(Reactor& reactor) {
  std::vector<coil::DelayedCall> live;
  live.reserve(live_timers);
  std::uint64_t random = 1;
  auto delay = [&] {
    random = random * 6364136223846793005U + 1442695040888963407U;
    return nanoseconds((random >> 33) % 3'600'000'000'000U) + hours(1);
  };
  for (int count = 0; count < live_timers; ++count) {
    live.push_back(reactor.callLater(delay(), [] {}));
  }
  {
    Meter meter("callLater and cancel, one million live");
    for (int round = 0; round < rounds; ++round) {
      meter.start();
      for (int step = 0; step < steps; ++step) reactor.callLater(delay(), [] {}).cancel();
      meter.stop(steps);
    }
  }
  for (coil::DelayedCall& call : live) call.cancel();
}

void firing() {
  Meter meter("fire one of a million timers (virtual clock)");
  for (int round = 0; round < 2; ++round) {
    coil::testing::Clock clock;
    int fired = 0;
    std::uint64_t random = 1;
    for (int count = 0; count < live_timers; ++count) {
      random = random * 6364136223846793005U + 1442695040888963407U;
      clock.callLater(nanoseconds((random >> 33) % 1'000'000'000U), [&] { ++fired; });
    }
    meter.start();
    clock.advance(std::chrono::seconds(2));
    meter.stop(live_timers);
    if (fired != live_timers) std::abort();
  }
}

// A thread posts bursts of 256 and waits until they have run, so that each finds the loop asleep.
void posts(Reactor& reactor) {
  constexpr int burst = 256;
  constexpr int bursts = 400;
  Meter meter("callFromThread with a function, burst of 256");
  for (int round = 0; round < rounds; ++round) {
    std::atomic<int> ran{0};
    meter.start();
    std::thread poster([&] {
      for (int number = 0; number < bursts; ++number) {
        for (int call = 0; call < burst; ++call) {
          reactor.callFromThread([&] { ran.fetch_add(1, std::memory_order_release); });
        }
        while (ran.load(std::memory_order_acquire) != (number + 1) * burst) {
          std::this_thread::yield();
        }
      }
      reactor.callFromThread([&] { reactor.crash(); });
    });
    reactor.run();
    poster.join();
    meter.stop(bursts * burst);
  }
}

Task<void> await_nodes(std::vector<std::unique_ptr<coil::ResumeNode>>& nodes) {
  for (auto& owned : nodes) {
    coil::ResumeNode& node = *owned;
    co_await node;
  }
}

Task<void> resumes(Reactor& reactor) {
  constexpr int count = 256 * 100;
  Meter meter("callFromThread that resumes a task");
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::unique_ptr<coil::ResumeNode>> nodes;
    for (int node = 0; node < count; ++node) nodes.push_back(std::make_unique<coil::ResumeNode>());
    meter.start();
    std::thread poster([&] {
      for (auto& node : nodes) reactor.callFromThread(*node);
    });
    co_await await_nodes(nodes);
    poster.join();
    meter.stop(count);
  }
}

}  // namespace

int main() {
  const std::unique_ptr<Reactor> reactor = coil::make_reactor();
  std::printf("\nPrimitives on %s (%s)\n%-44s %12s %7s\n", std::string(reactor->name()).c_str(),
              reactor->description().c_str(), "", "per step", "allocs");
  coil::run(*reactor, spawn_and_complete());
  coil::run(*reactor, await_child());
  coil::run(*reactor, yield_and_switch());
  coil::run(*reactor, ping_pong());
  deferreds();
  timers(*reactor);
  firing();
  posts(*reactor);
  coil::run(*reactor, resumes(*reactor));
}
