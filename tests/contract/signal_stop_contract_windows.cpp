// What the contract about signals cannot ask of Windows.
#include <doctest/doctest.h>

#include "support/skip.h"

using coil::testing::note_skip;

TEST_CASE("a watcher of SIGCHLD sees a child's end, and not its pause") {
  note_skip("SIGCHLD", "Windows does not have it");
}

TEST_CASE("signals may come at any moment while reactors and watchers come and go") {
  note_skip("raised at any moment", "its C library forgets a handler while it calls it");
}
