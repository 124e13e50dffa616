// What the contract about applications cannot ask of Windows.
#include <doctest/doctest.h>

#include "support/skip.h"

TEST_CASE("the parent of an application sees the signal that ended it") {
  coil::testing::note_skip("ends by a signal", "processes of Windows end with a number alone");
}
