// What the contract about events cannot ask of Windows.
#include <doctest/doctest.h>

#include "support/skip.h"

TEST_CASE("a wait that a signal interrupts goes on") {
  coil::testing::note_skip("interrupted waits", "no signal of Windows interrupts a wait");
}
