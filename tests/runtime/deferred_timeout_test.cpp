// Covers: Deferred::addTimeout, of deferred.h.
#include <coil/runtime.h>
#include <coil/testing/clock.h>
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "support/unhandled.h"

using namespace coil;
using coil::testing::broken;
using coil::testing::Clock;
using std::chrono::milliseconds;

namespace {

using Strings = std::vector<std::string>;

TEST_CASE("a time limit covers what was added before it, and only a cancelled result") {
  Clock clock;
  Strings seen;
  auto note = [&](Failure failure) {
    seen.push_back(failure.check<TimedOut>()         ? "timed out"
                   : failure.check<CancelledError>() ? "cancelled"
                                                     : failure.getErrorMessage());
    return 0;
  };
  Deferred<int> late;
  late.addTimeout(milliseconds(5), clock).addErrback(note);
  Deferred<int> by_hand;
  by_hand.addTimeout(milliseconds(5), clock).addErrback(note);
  by_hand.cancel();
  Deferred<int> suppressed;
  suppressed.addErrback([](Failure) { return 1; });
  suppressed.addTimeout(milliseconds(5), clock).addErrback(note);
  suppressed.addCallback([&](int value) {
    seen.push_back("suppressed");
    return value;
  });
  Deferred<int> early;
  early.addTimeout(milliseconds(5), clock);
  early.callback(1);
  CHECK(clock.getDelayedCalls().size() == 2);
  clock.advance(milliseconds(5));
  CHECK(seen == Strings{"cancelled", "timed out", "suppressed"});
  Deferred<int> waits;
  waits.addCallback([](int) { return Deferred<int>(); });
  waits.addTimeout(milliseconds(5), clock).addErrback(note);
  waits.callback(1);
  CHECK(clock.getDelayedCalls().size() == 1);
  clock.advance(milliseconds(5));
  CHECK(seen.back() == "timed out");
}

TEST_CASE("a time limit may be translated, by a value, a failure or an exception") {
  Clock clock;
  int got = 0;
  Strings seen;
  Deferred<int> value;
  value
      .addTimeout(milliseconds(5), clock,
                  [](Result<int> result, Duration limit) {
                    CHECK(result.error().failure().check<CancelledError>());
                    return static_cast<int>(limit / milliseconds(1));
                  })
      .addCallback([&](int translated) { return got = translated; });
  Deferred<int> failing;
  failing.addTimeout(milliseconds(5), clock,
                     [](Result<int>, Duration) { return broken("too slow"); });
  failing.addErrback([&](Failure failure) {
    seen.push_back(failure.getErrorMessage());
    return 0;
  });
  Deferred<int> early;
  early.addTimeout(milliseconds(5), clock, [](Result<int>, Duration) -> int {
    throw std::runtime_error("it was in time");
  });
  early.callback(3);
  clock.advance(milliseconds(5));
  CHECK(got == 5);
  CHECK(seen == Strings{"too slow"});
}

}  // namespace
