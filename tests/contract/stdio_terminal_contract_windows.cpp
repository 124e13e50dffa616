// Terminals as standard streams, for which wine has no console to try them on.
#include <doctest/doctest.h>

#include "support/skip.h"

namespace {

void skip() {
  coil::testing::note_skip("terminals", "wine has no console that a test could make and look at");
}

}  // namespace

TEST_CASE("a raw terminal gives keys at once, and is as it was afterwards") { skip(); }

TEST_CASE("a terminal is as it was when the program has crashed, or ended without a word") {
  skip();
}

TEST_CASE("a terminal that was made raw twice is as it was before the first time") { skip(); }

TEST_CASE("a handler of crashes that calls what it found there ends the program all the same") {
  skip();
}
