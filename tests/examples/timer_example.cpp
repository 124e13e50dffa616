// The examples of reactor_time.h, delayed_call.h and sleep.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <coil/testing/clock.h>

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

// [callLater]
void beep_twice(ReactorTime& time) {
  time.callLater(std::chrono::seconds(1), [] { std::puts("beep"); });
  DelayedCall second = time.callLater(std::chrono::seconds(2), [] { std::puts("beep"); });
  second.cancel();
}
// [/callLater]

}  // namespace

TEST_CASE("awaited, sleep and yield") {
  const auto reactor = make_reactor();
  const TimePoint start = reactor->now();
  run(*reactor, wait(*reactor));
  run(*reactor, rest());
  CHECK(reactor->now() - start >= std::chrono::milliseconds(270));
  run(*reactor, work());
  CHECK(left == 0);
}

TEST_CASE("callLater and watchdog") {
  testing::Clock reactor;
  beep_twice(reactor);
  CHECK(reactor.getDelayedCalls().size() == 1);
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
