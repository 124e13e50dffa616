// The examples of clock.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <coil/testing/clock.h>

using namespace coil;
using coil::testing::Clock;

TEST_CASE("advance") {
  // [advance]
  Clock clock;
  int beeps = 0;
  clock.callLater(std::chrono::seconds(3), [&] { ++beeps; });
  clock.advance(std::chrono::seconds(2));  // Nothing yet.
  clock.advance(std::chrono::seconds(1));  // One beep.
  // [/advance]
  CHECK(beeps == 1);
}
