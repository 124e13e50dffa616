// The examples of reactor_time.h, delayed_call.h, sleep.h, time_point.h and timer_node.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <coil/testing/clock.h>
#include <coil/testing/simulated_reactor.h>

#include <cstdio>

using namespace coil;

namespace {

int left = 3;
bool work_left() { return left > 0; }
void do_a_little() { --left; }

Task<void> wait(Reactor& reactor) {
  // [awaited]
  co_await reactor.callLater(std::chrono::milliseconds(20));
  // [/awaited]
}

Task<void> rest() {
  // [sleep]
  co_await sleep(std::chrono::milliseconds(250));
  // [/sleep]
}

Task<void> work() {
  // [yield]
  while (work_left()) {
    do_a_little();
    co_await yield();
  }
  // [/yield]
}

Task<void> wait_until(Reactor& reactor) {
  // [time point]
  TimePoint later = reactor.now() + std::chrono::milliseconds(250);
  co_await sleep_until(later);
  // [/time point]
  CHECK(reactor.now() >= later);
}

// [timer node]
struct Blink : TimerNode {
  Blink() noexcept : TimerNode(&Blink::expired) {}
  static void expired(TimerNode& node) noexcept { static_cast<Blink&>(node).on = true; }
  bool on = false;
};
// [/timer node]

// [callLater]
void beep_twice(ReactorTime& time) {
  time.callLater(std::chrono::seconds(1), [] { std::puts("beep"); });
  DelayedCall second = time.callLater(std::chrono::seconds(2), [] { std::puts("beep"); });
  second.cancel();
}
// [/callLater]

}  // namespace

TEST_CASE("awaited, sleep and yield") {
  testing::SimulatedReactor reactor(1);
  const TimePoint start = reactor.now();
  run(reactor, wait(reactor));
  CHECK(reactor.now() - start == std::chrono::milliseconds(20));
  run(reactor, rest());
  CHECK(reactor.now() - start == std::chrono::milliseconds(270));
  run(reactor, wait_until(reactor));
  CHECK(reactor.now() - start == std::chrono::milliseconds(520));
  run(reactor, work());
  CHECK(left == 0);
}

TEST_CASE("timer node") {
  testing::Clock clock;
  Blink blink;
  const detail::QueuedTimer queued(clock, blink, std::chrono::seconds(1));
  clock.advance(std::chrono::milliseconds(999));
  CHECK_FALSE(blink.on);
  clock.advance(std::chrono::milliseconds(1));
  CHECK(blink.on);
}

TEST_CASE("callLater and watchdog") {
  testing::Clock reactor;
  beep_twice(reactor);
  REQUIRE(reactor.getDelayedCalls().size() == 1);
  CHECK(reactor.getDelayedCalls()[0].getTime() == TimePoint(std::chrono::seconds(1)));
  bool gave_up = false;
  auto give_up = [&] { gave_up = true; };
  // [watchdog]
  DelayedCall watchdog = reactor.callLater(std::chrono::seconds(30), [&] { give_up(); });
  // [/watchdog]
  reactor.advance(std::chrono::seconds(20));
  // [watchdog]
  watchdog.reset(std::chrono::seconds(30));  // Something happened: start counting again.
  // [/watchdog]
  reactor.advance(std::chrono::seconds(20));
  // [watchdog]
  if (watchdog.active()) watchdog.cancel();
  // [/watchdog]
  CHECK_FALSE(gave_up);
}
