// What the contract about the protocols of children asks of POSIX systems only.
#include <signal.h>
#include <sys/wait.h>

#include <memory>
#include <optional>
#include <string>

#include "support/child.h"
#include "support/contract.h"
#include "support/process_notes.h"

using namespace coil;
using namespace coil::testing;

TEST_CASE("B165: code 0 is ProcessDone, another code or a signal is ProcessTerminated") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  CHECK(finished(*reactor, {"exit", "0"})->why.check<ProcessDone>());
  bool told = finished(*reactor, {"exit", "9"})
                  ->why.visit<ProcessTerminated>([](const ProcessTerminated& error) {
                    CHECK(error.exit_code() == 9);
                    CHECK_FALSE(error.signal().has_value());
                    CHECK(std::string(error.what()) == "exit code 9");
                  });
  CHECK(told);
  told = finished(*reactor, {"raise", "9"})
             ->why.visit<ProcessTerminated>([](const ProcessTerminated& error) {
               CHECK(error.signal() == SIGKILL);
               CHECK_FALSE(error.exit_code().has_value());
             });
  CHECK(told);
}

TEST_CASE("a descriptor that the child closes is lost while the child lives, the input as well") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  const auto transport = spawned(*reactor, notes, {"close", "0", "3"},
                                 SpawnOptions().set_child_fds({{0, 'w'}, {1, 'r'}, {3, 'w'}}));
  turn_until(*reactor, [&] { return notes->count("in") == 1; });
  CHECK(notes->count("exited") == 0);
  transport->write("nobody reads this");
  transport->closeChildFD(3);
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->count("lost 0") == 1);
}

TEST_CASE("processExited comes with the child's end, processEnded with that of its output") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  const auto transport =
      spawned(*reactor, notes, {"grandchild"},
              SpawnOptions().set_child_fds({{0, 'w'}, {1, 'r'}, {2, 'r'}, {3, 'w'}}));
  turn_until(*reactor, [&] { return notes->count("exited") == 1 && notes->count("err") == 1; });
  CHECK_FALSE(notes->ended);
  CHECK(notes->count("out") == 0);
  CHECK_FALSE(transport->pid().has_value());
  transport->closeChildFD(3);
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->out == "late");
  CHECK(notes->why.check<ProcessDone>());
}

TEST_CASE("B168: closing the output here breaks the pipe of the child") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  notes->on_data = [&](ProcessTransport& line) { line.closeStdout(); };
  spawned(*reactor, notes, {"flood"});
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->count("out") == 1);
  notes->why.visit<ProcessTerminated>(
      [](const ProcessTerminated& error) { CHECK(error.signal() == SIGPIPE); });
}

TEST_CASE("B170: signals by name and number; after the exit they are refused") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  for (const char* name : {"TERM", "SIGKILL", "HUP", "INT"}) {
    auto notes = std::make_shared<ProcessNotes>();
    const auto transport = spawned(*reactor, notes, {"forever"});
    transport->signalProcess(name);
    turn_until(*reactor, [&] { return notes->ended; });
    notes->why.visit<ProcessTerminated>(
        [&](const ProcessTerminated& error) { CHECK(error.signal() == signal_from_string(name)); });
    CHECK_THROWS_AS(transport->signalProcess(name), ProcessExitedAlready);
    CHECK_THROWS_AS(transport->signalProcess(0), ProcessExitedAlready);
  }
  auto notes = std::make_shared<ProcessNotes>();
  const auto stopped = spawned(*reactor, notes, {"forever"});
  stopped->signalProcess("STOP");
  CHECK_THROWS_AS(stopped->signalProcess("NONSENSE"), std::invalid_argument);
  CHECK_THROWS_AS(stopped->signalProcess(9999), SystemError);
  stopped->signalProcess(SIGKILL);
  turn_until(*reactor, [&] { return notes->ended; });
}

TEST_CASE("B170: a child that somebody else reaped is reported, not waited for in vain") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  const auto transport = spawned(*reactor, notes, {"exit", "0"});
  const std::optional<int> pid = transport->pid();
  REQUIRE(::waitpid(*pid, nullptr, 0) == *pid);
  CHECK_THROWS_AS(transport->signalProcess("TERM"), ProcessExitedAlready);
  turn_until(*reactor, [&] { return notes->ended; });
  const bool told = notes->why.visit<ProcessTerminated>([](const ProcessTerminated& error) {
    CHECK_FALSE(error.exit_code().has_value());
    CHECK_FALSE(error.signal().has_value());
  });
  CHECK(told);
}
