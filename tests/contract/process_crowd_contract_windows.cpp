// Crowds of children, which are too much for wine.
#include "support/contract.h"

using coil::testing::note_skip;

TEST_CASE("a thousand children see none of two thousand descriptors and leave no zombie") {
  note_skip("crowds of children", "a child has three handles, and wine starts few a second");
}

TEST_CASE("five hundred children at once each say a mebibyte twice, and all of it arrives") {
  note_skip("crowds of children", "a child has three handles, and wine starts few a second");
}
