// Covers: process_protocol.h, process_error.h: what is told of a child, and in which order.
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

namespace {

std::size_t place(const Strings& seen, const std::string& what) {
  return static_cast<std::size_t>(std::find(seen.begin(), seen.end(), what) - seen.begin());
}

}  // namespace

TEST_CASE("makeConnection is called before spawnProcess returns, with the number of the child") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  std::optional<int> pid;
  notes->on_made = [&](ProcessTransport& line) { pid = line.pid(); };
  const auto transport = spawned(*reactor, notes, {"wait"});
  CHECK(notes->seen == Strings{"made"});
  CHECK(pid.has_value());
  CHECK(pid == transport->pid());
  transport->closeStdin();
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK_FALSE(transport->pid().has_value());
}

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

TEST_CASE("B167: every descriptor is lost once, the generic hook first, all before processEnded") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  const auto notes = finished(*reactor, {"noise", "10", "0"});
  for (const char* each : {"lost 0", "lost 1", "lost 2", "in", "out", "err", "exited", "ended"}) {
    CHECK_MESSAGE(notes->count(each) == 1, each);
  }
  CHECK(place(notes->seen, "lost 1") + 1 == place(notes->seen, "out"));
  CHECK(place(notes->seen, "lost 2") + 1 == place(notes->seen, "err"));
  CHECK(notes->seen.front() == "made");
  CHECK(notes->seen.back() == "ended");
  CHECK(notes->err == notes->out);
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

TEST_CASE("B169: writing to an unknown descriptor throws, closing one does nothing") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  const auto transport = spawned(*reactor, notes, {"wait"});
  CHECK_THROWS_AS(transport->writeToChild(7, "x"), std::out_of_range);
  CHECK_THROWS_AS(transport->writeToChild(1, "x"), std::out_of_range);
  transport->closeChildFD(7);
  transport->loseConnection();
  transport->loseConnection();
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->count("in") == 1);
  CHECK(notes->count("out") == 1);
  transport->closeChildFD(0);
  transport->write("dropped");
  CHECK_THROWS_AS(transport->writeToChild(0, "x"), std::out_of_range);
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

TEST_CASE("B171: a child that ended before the reactor ran gets its calls after the start") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  const auto transport = spawned(*reactor, notes, {"exit", "0"});
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(*transport->pid()), &info, WEXITED | WNOWAIT) == 0);
  CHECK(notes->seen == Strings{"made"});
  notes->on_ended = [&] { reactor->stop(); };
  reactor->run();
  CHECK(notes->seen.back() == "ended");
  CHECK(has_no_child());
}

TEST_CASE("B173: what the last calls throw is logged, and the child is reaped once all the same") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  notes->on_exited = [](ProcessTransport&) { throw std::runtime_error("bad exit"); };
  notes->on_ended = [] { throw std::runtime_error("bad end"); };
  notes->on_made = [](ProcessTransport&) { throw std::runtime_error("bad beginning"); };
  spawned(*reactor, notes, {"exit", "0"});
  turn_until(*reactor, [&] { return notes->ended; });
  for (int turns = 0; turns < 5; ++turns) reactor->iterate();
  CHECK(notes->count("exited") == 1);
  CHECK(notes->count("ended") == 1);
  REQUIRE(reactor.log.size() == 3);
  CHECK(reactor.log[0].find("bad beginning") != std::string::npos);
  CHECK(reactor.log[1].find("bad exit") != std::string::npos);
  CHECK(reactor.log[2].find("bad end") != std::string::npos);
  CHECK(has_no_child());
}

TEST_CASE("an exception in childDataReceived is logged and ends that descriptor only") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  notes->on_data = [&](ProcessTransport&) {
    notes->on_data = nullptr;
    throw std::runtime_error("bad data");
  };
  const auto transport = spawned(*reactor, notes, {"cat"});
  transport->write("x");
  turn_until(*reactor, [&] { return notes->count("out") == 1; });
  CHECK(notes->count("exited") == 0);
  CHECK(reactor.log.size() == 1);
  transport->closeStdin();
  turn_until(*reactor, [&] { return notes->ended; });
}

TEST_CASE("a stop loses the descriptors and leaves the child alone") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  int pid = 0;
  notes->on_data = [&](ProcessTransport& line) {
    pid = *line.pid();
    reactor->stop();
  };
  spawned(*reactor, notes, {"forever"});
  reactor->run();
  CHECK(notes->count("lost 0") == 1);
  CHECK(notes->count("lost 1") == 1);
  CHECK(notes->count("lost 2") == 1);
  CHECK(notes->count("exited") == 0);
  CHECK(is_there(pid));
  ::kill(pid, SIGKILL);
  REQUIRE(::waitpid(pid, nullptr, 0) == pid);
}

TEST_CASE("a child that has ended when a stop comes gets its last calls") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  notes->on_data = [&](ProcessTransport& line) {
    line.signalProcess(SIGKILL);
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(*line.pid()), &info, WEXITED | WNOWAIT) == 0);
    reactor->stop();
  };
  spawned(*reactor, notes, {"forever"});
  reactor->run();
  CHECK(notes->count("exited") == 1);
  CHECK(notes->count("ended") == 1);
  CHECK(has_no_child());
}
