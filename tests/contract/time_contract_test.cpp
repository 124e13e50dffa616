// Covers: reactor_time.h, delayed_call.h, sleep.h, timer_node.h, time_point.h.
#include "support/contract.h"

#include <array>
#include <functional>
#include <stdexcept>
#include <thread>

using namespace coil;
using std::chrono::milliseconds;

namespace {

using Numbers = std::vector<int>;

// A function of any size, whose copy may be told to fail.
template <std::size_t size, bool may_fail>
class Function {
 public:
  explicit Function(std::shared_ptr<int> calls) noexcept : calls_(std::move(calls)) {}
  Function(const Function& other) noexcept(!may_fail) : calls_(other.calls_) {
    if constexpr (may_fail) {
      if (*calls_ < 0) throw std::length_error("a copy that fails");
    }
  }
  Function(Function&& other) noexcept(!may_fail) : calls_(std::move(other.calls_)) {}
  Function& operator=(const Function&) = delete;
  ~Function() = default;
  void operator()() && { ++*calls_; }

 private:
  std::shared_ptr<int> calls_;
  std::array<std::byte, size> ballast_{};
};

template <std::size_t size, bool may_fail>
void call_later(Reactor& reactor) {
  auto calls = std::make_shared<int>(0);
  Function<size, may_fail> function(calls);
  reactor.callLater(Duration::zero(), function);
  CHECK(calls.use_count() == 3);
  reactor.callLater(Duration::zero(), function).cancel();
  CHECK(calls.use_count() == 3);
  *calls = -1;
  if (may_fail) CHECK_THROWS(reactor.callLater(Duration::zero(), function));
  CHECK(reactor.getDelayedCalls().size() == 1);
  *calls = 0;
  CHECK_THROWS_AS(reactor.callLater(milliseconds(-1), function), std::invalid_argument);
  reactor.callLater(Duration::zero(), std::move(function));
  reactor.iterate();
  CHECK(*calls == 2);
  CHECK(calls.use_count() == 1);
}

bool plain_function_called = false;

TEST_CASE("a delayed call is active until it is entered, runs once, and is never early") {
  COIL_CONTRACT(reactor);
  int calls = 0;
  const TimePoint start = reactor->now();
  DelayedCall call;
  call = reactor->callLater(milliseconds(3), [&] {
    ++calls;
    CHECK_FALSE(call.active());
    CHECK(reactor->now() >= start + milliseconds(3));
    CHECK_THROWS_AS(call.cancel(), AlreadyCalled);
    reactor->stop();
  });
  CHECK(call.active());
  reactor->run();
  CHECK(calls == 1);
  CHECK_THROWS_AS(call.reset(milliseconds(1)), AlreadyCalled);
  CHECK_THROWS_AS(call.delay(milliseconds(1)), AlreadyCalled);
}

TEST_CASE("a negative delay is refused") {
  COIL_CONTRACT(reactor);
  CHECK_THROWS_AS(reactor->callLater(milliseconds(-1), [] {}), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(sleep(milliseconds(-1))), std::invalid_argument);
}

TEST_CASE("a cancelled call is not made, drops its function, and is cancelled only once") {
  COIL_CONTRACT(reactor);
  auto held = std::make_shared<int>(1);
  DelayedCall call = reactor->callLater(Duration::zero(), [held] { FAIL("it was cancelled"); });
  CHECK(held.use_count() == 2);
  call.cancel();
  CHECK(held.use_count() == 1);
  CHECK_THROWS_AS(call.cancel(), AlreadyCancelled);
  CHECK(reactor->getDelayedCalls().empty());
  reactor->iterate();
}

TEST_CASE("calls with equal times run in the order of their creation, others by their time") {
  COIL_CONTRACT(reactor);
  Numbers seen;
  const TimePoint base = reactor->now();
  reactor->callLater(milliseconds(2), [&] { seen.push_back(3); });
  for (int number = 0; number < 3; ++number) {
    DelayedCall call =
        reactor->callLater(milliseconds(1), [&seen, number] { seen.push_back(number); });
    call.delay(base + milliseconds(1) - call.getTime());
  }
  reactor->callLater(milliseconds(3), [&] { reactor->stop(); });
  reactor->run();
  CHECK(seen == Numbers{0, 1, 2, 3});
}

TEST_CASE("reset and delay move a call; it runs at the newest time only") {
  COIL_CONTRACT(reactor);
  Numbers seen;
  DelayedCall early = reactor->callLater(std::chrono::hours(1), [&] { seen.push_back(1); });
  DelayedCall late = reactor->callLater(milliseconds(1), [&] { seen.push_back(3); });
  reactor->callLater(milliseconds(3), [&] { seen.push_back(2); });
  early.reset(milliseconds(2));
  late.delay(milliseconds(4));
  reactor->callLater(milliseconds(7), [&] { reactor->stop(); });
  reactor->run();
  CHECK(seen == Numbers{1, 2, 3});
}

TEST_CASE("a call with no delay waits for a later turn, also when a timer makes it") {
  COIL_CONTRACT(reactor);
  Numbers seen;
  reactor->callLater(Duration::zero(), [&] {
    reactor->callLater(Duration::zero(), [&] { seen.push_back(2); });
    seen.push_back(1);
  });
  reactor->iterate();
  CHECK(seen == Numbers{1});
  reactor->iterate();
  CHECK(seen == Numbers{1, 2});
}

TEST_CASE("a chain of calls without delay does not starve what is ready") {
  COIL_CONTRACT(reactor);
  bool stop = false;
  auto chain = std::make_shared<std::function<void()>>();
  *chain = [&, chain] {
    if (!stop) reactor->callLater(Duration::zero(), [chain] { (*chain)(); });
  };
  (*chain)();
  bool called = false;
  reactor->callFromThread([&] { called = true; });
  auto waits = [&]() -> Task<void> {
    while (!called) co_await yield();
  };
  run(*reactor, waits());
  stop = true;
  reactor->iterate();
  *chain = nullptr;
  CHECK(called);
}

TEST_CASE("getDelayedCalls lists what is pending, soonest first") {
  COIL_CONTRACT(reactor);
  DelayedCall second = reactor->callLater(milliseconds(20), [] {});
  DelayedCall first = reactor->callLater(milliseconds(10), [] {});
  DelayedCall gone = reactor->callLater(milliseconds(5), [] {});
  gone.cancel();
  const std::vector<DelayedCall> calls = reactor->getDelayedCalls();
  REQUIRE(calls.size() == 2);
  CHECK(calls[0] == first);
  CHECK(calls[1] == second);
  CHECK(reactor->next_deadline() == first.getTime());
  first.cancel();
  CHECK(reactor->next_deadline() == second.getTime());
  second.cancel();
  CHECK(reactor->next_deadline() == TimePoint::max());
}

TEST_CASE("a timer centuries away neither fires, nor overflows, nor makes the loop spin") {
  COIL_CONTRACT(reactor);
  bool fired = false;
  DelayedCall far = reactor->callLater(Duration::max(), [&] { fired = true; });
  CHECK(far.getTime() > reactor->now());
  const std::uint64_t turns = reactor->counters().turns;
  reactor->callLater(milliseconds(5), [&] { reactor->stop(); });
  reactor->run();
  CHECK_FALSE(fired);
  CHECK(reactor->counters().turns - turns < 20);
}

TEST_CASE("now does not move during one callback, and moves between them") {
  COIL_CONTRACT(reactor);
  reactor->callLater(Duration::zero(), [&] {
    const TimePoint first = reactor->now();
    std::string work;
    for (int count = 0; count < 20000; ++count) work += std::to_string(count);
    CHECK_FALSE(work.empty());
    CHECK(reactor->now() == first);
    reactor->callLater(milliseconds(2), [&, first] {
      CHECK(reactor->now() >= first + milliseconds(2));
      reactor->stop();
    });
  });
  reactor->run();
}

TEST_CASE("of two calls of one turn the second sees the time that the first took") {
  COIL_CONTRACT(reactor);
  if (reactor->name() == "simulated") return;  // Nothing takes time there.
  constexpr Duration work = milliseconds(2);
  TimePoint first;
  reactor->callLater(Duration::zero(), [&] {
    first = reactor->now();
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < work) {
    }
  });
  reactor->callLater(Duration::zero(), [&] {
    CHECK(reactor->now() >= first + work);
    reactor->stop();
  });
  reactor->run();
}

TEST_CASE("handles outlive the calls, the reactor and the thread, thousands at a time") {
  auto held = std::make_shared<int>(0);
  std::vector<DelayedCall> kept;
  std::thread([&] {
    COIL_CONTRACT(reactor);
    for (int number = 0; number < 5000; ++number) {
      kept.push_back(reactor->callLater(milliseconds(number % 3), [held] { ++*held; }));
      if (number % 2 == 0) kept.pop_back();
      if (number % 5 == 0) kept.push_back(reactor->callLater(std::chrono::hours(1), [held] {}));
    }
    reactor->turn_until([&] { return *held == 5000; });
  }).join();
  CHECK(held.use_count() == 1);
  CHECK(kept.size() == 3500);
  for (const DelayedCall& call : kept) CHECK_FALSE(call.active());
}

TEST_CASE("a call may hold its own handle, and cancel others while it is destroyed") {
  COIL_CONTRACT(reactor);
  auto call = std::make_shared<DelayedCall>();
  *call = reactor->callLater(milliseconds(1), [call] { CHECK_FALSE(call->active()); });
  DelayedCall other = reactor->callLater(std::chrono::hours(1), [] {});
  std::shared_ptr<void> last(nullptr, [other](void*) mutable { other.cancel(); });
  DelayedCall cancelled = reactor->callLater(milliseconds(1), [last = std::move(last)] {});
  CHECK(other.active());
  cancelled.cancel();
  CHECK_FALSE(other.active());
  reactor->turn_until([&] { return !call->active(); });
}

TEST_CASE("functions of any size are called once, and gone when they were called or cancelled") {
  COIL_CONTRACT(reactor);
  call_later<1, false>(*reactor);
  call_later<1, true>(*reactor);
  call_later<500, false>(*reactor);
  call_later<500, true>(*reactor);
}

TEST_CASE("what can be called with nothing can be called later") {
  COIL_CONTRACT(reactor);
  plain_function_called = false;
  reactor->callLater(Duration::zero(), +[] { plain_function_called = true; });
  int calls = 0;
  std::function<int()> count = [&] { return ++calls; };
  reactor->callLater(Duration::zero(), count);
  reactor->callLater(Duration::zero(), std::ref(count));
  reactor->callLater(Duration::zero(),
                     Callback([&, owned = std::make_unique<int>(5)] { calls += *owned; }));
  reactor->iterate();
  CHECK(plain_function_called);
  CHECK(calls == 7);
}

TEST_CASE("a timer that is made late in a long callback is not due early") {
  COIL_CONTRACT(reactor);
  if (reactor->name() == "simulated") return;  // Nothing takes time there.
  constexpr Duration long_work = milliseconds(40);
  constexpr Duration clock_tick = milliseconds(10);  // The coarse clock may lag so much.
  reactor->callLater(Duration::zero(), [&] {
    const TimePoint frozen = reactor->now();
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < long_work) {
    }
    const DelayedCall call = reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
    CHECK(call.getTime() >= frozen + long_work + milliseconds(1) - clock_tick);
  });
  reactor->run();
}

TEST_CASE("awaited timers and callbacks of one moment keep the order of their creation") {
  COIL_CONTRACT(reactor);
  Numbers seen;
  const TimePoint due = reactor->now() + milliseconds(5);
  auto waits = [&](int number) -> Task<void> {
    co_await sleep_until(due);
    seen.push_back(number);
  };
  auto all = [&]() -> Task<void> {
    std::vector<Task<void>> tasks;
    for (int number = 0; number < 5; ++number) tasks.push_back(waits(number));
    co_await when_all(std::move(tasks));
  };
  run(*reactor, all());
  CHECK(seen == Numbers{0, 1, 2, 3, 4});
}

TEST_CASE("the text of a delayed call tells its state") {
  COIL_CONTRACT(reactor);
  DelayedCall call = reactor->callLater(std::chrono::hours(2), [] {});
  CHECK(call.to_string().find(" in ") != std::string::npos);
  call.cancel();
  CHECK(call.to_string().find("cancelled") != std::string::npos);
}

}  // namespace
