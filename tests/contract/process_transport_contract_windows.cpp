// What the contract about the transports of children asks of Windows in its own way, or cannot ask.
#include <memory>
#include <string>

#include "support/child.h"
#include "support/contract.h"
#include "support/process_notes.h"

using namespace coil;
using namespace coil::testing;

namespace {

std::string refusal_of(Reactor& reactor, const SpawnOptions& options) {
  try {
    spawned(reactor, std::make_shared<ProcessNotes>(), {"cat"}, options);
  } catch (const SystemError& error) {
    CHECK(error.code() == Errc::not_supported);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("B164: exactly the mapped descriptors are open in the child") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const auto notes =
      finished(*reactor, {"noise", "4", "0"},
               SpawnOptions().set_child_fds({{1, 'r'}, {2, ChildDescriptor::null()}}));
  CHECK(notes->out == "xxxx");
  CHECK(notes->count("lost 1") == 1);
  CHECK(notes->count("lost 0") == 0);
  CHECK(notes->count("lost 2") == 0);  // Not this side's.
}

TEST_CASE("B164: any descriptor of the child can be written and read here") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  CHECK(refusal_of(*reactor, SpawnOptions().set_child_fds({{4, 'w'}, {5, 'r'}}))
            .find("a child has 0, 1 and 2 only") != std::string::npos);
}

TEST_CASE("B172: a system call that another thread blocks in is not interrupted by a child's end") {
  note_skip("interrupted calls", "no call of Windows ends because a child has");
}

TEST_CASE("B174: what fails before there is a child is thrown, and nothing else is closed") {
  note_skip("a limit of descriptors", "Windows lets no process set one");
}

TEST_CASE("B175: what this process ignores is default in the child") {
  note_skip("signals of children", "Windows has none that a process could pass on");
}

TEST_CASE("B176: on a terminal the child sees one, and all its output comes as one") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  CHECK(refusal_of(*reactor, SpawnOptions().set_pty(true)).find("there is none to make") !=
        std::string::npos);
}

TEST_CASE("B176: a terminal can be given, and losing it hangs the child up") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  CHECK(refusal_of(*reactor, SpawnOptions().set_uid(1)).find("no numbers of users") !=
        std::string::npos);
  note_skip("terminals", "a console of Windows cannot be given to a child");
}
