// Covers: process/process.h, process_protocol.h: many children at once.
#include <memory>
#include <string>
#include <vector>

#include "support/child.h"
#include "support/contract.h"
#include "support/process_notes.h"

using namespace coil;
using namespace coil::testing;

TEST_CASE("B178: two hundred children end with two hundred calls of processEnded") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  if (!may_open(2000)) return;
  std::vector<std::shared_ptr<ProcessNotes>> all;
  int ended = 0;
  for (int each = 0; each < 200; ++each) {
    auto notes = std::make_shared<ProcessNotes>();
    notes->on_ended = [&] { ++ended; };
    spawned(*reactor, notes, {"exit", std::to_string(each)});
    all.push_back(notes);
  }
  turn_until(*reactor, [&] { return ended == 200; });
  for (int each = 0; each < 200; ++each) {
    const Failure& why = all[static_cast<std::size_t>(each)]->why;
    if (each == 0) {
      CHECK(why.check<ProcessDone>());
      continue;
    }
    CAPTURE(why.getErrorMessage());
    why.visit<ProcessTerminated>(
        [&](const ProcessTerminated& error) { CHECK(error.exit_code() == each); });
    CHECK(why.check<ProcessTerminated>());
  }
  for (int turns = 0; turns < 5; ++turns) reactor->iterate();
  CHECK(ended == 200);
  CHECK(has_no_child());
}
