// What the contract about adopted sockets cannot ask of Windows.
#include <doctest/doctest.h>

#include "support/skip.h"

TEST_CASE("a passed descriptor is named by its number, or by what systemd says of it") {
  coil::testing::note_skip("passed descriptors", "Windows passes no sockets by small numbers");
}
