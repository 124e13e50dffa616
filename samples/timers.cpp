// Timers in both styles: functions that are called later, and delays that are awaited.
//
// Run it:  coil timers
#include "common/samples.h"

#include <coil/runtime/run.h>
#include <coil/runtime/sleep.h>
#include <coil/runtime/timeout.h>

#include <cstdio>

namespace samples {

namespace {

using std::chrono::milliseconds;

coil::Task<void> count_down(int from) {
  for (int left = from; left > 0; --left) {
    std::printf("coroutine: %d\n", left);
    co_await coil::sleep(milliseconds(20));
  }
  std::printf("coroutine: lift-off\n");
}

coil::Task<void> show(coil::Reactor& reactor) {
  reactor.callLater(milliseconds(10), [] { std::printf("callLater: after 10 ms\n"); });
  reactor.callLater(milliseconds(30), [] { std::printf("callLater: after 30 ms\n"); });
  coil::DelayedCall late = reactor.callLater(milliseconds(5), [] { std::printf("never\n"); });
  late.cancel();
  std::printf("cancelled: %s\n", late.to_string().c_str());
  co_await count_down(3);
  try {
    co_await coil::with_timeout(milliseconds(10), coil::sleep(std::chrono::hours(1)));
  } catch (const coil::TimedOut&) {
    std::printf("an hour was too long: timed out\n");
  }
}

}  // namespace

int timers(coil::Reactor& reactor) {
  coil::run(reactor, show(reactor));
  return 0;
}

}  // namespace samples
