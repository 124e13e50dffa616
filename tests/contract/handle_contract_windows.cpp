// What the contract about handles cannot ask of Windows.
#include <doctest/doctest.h>

#include "support/skip.h"

TEST_CASE("without descriptors accept waits without spinning and goes on when one is free") {
  coil::testing::note_skip("a limit of descriptors", "Windows lets no process set one");
}
