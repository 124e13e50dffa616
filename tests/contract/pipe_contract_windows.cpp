// What the contract about pipes cannot ask of Windows.
#include <doctest/doctest.h>

#include "support/skip.h"

using coil::testing::note_skip;

TEST_CASE("a terminal gives each of its lines, and ends when the other side hangs up") {
  note_skip("terminals", "a console of Windows is no stream of bytes");
}
