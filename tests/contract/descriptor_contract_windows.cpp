// What the contract about descriptors cannot ask of Windows.
#include <doctest/doctest.h>

#include "support/skip.h"

TEST_CASE("a callback that writes to a pipe that nobody reads gets an error and lives") {
  coil::testing::note_skip("broken pipes", "Windows has no signal for them");
}
