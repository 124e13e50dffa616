// Covers: process_protocol.h, process_error.h: what is told of a child, and in which order.
#include <algorithm>
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

TEST_CASE("B171: a child that ended before the reactor ran gets its calls after the start") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  const auto transport = spawned(*reactor, notes, {"exit", "0"});
  await_end_of(*transport->pid());
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
  kill_and_reap(pid);
}

TEST_CASE("a child that has ended when a stop comes gets its last calls") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  notes->on_data = [&](ProcessTransport& line) {
    line.signalProcess("KILL");
    await_end_of(*line.pid());
    reactor->stop();
  };
  spawned(*reactor, notes, {"forever"});
  reactor->run();
  CHECK(notes->count("exited") == 1);
  CHECK(notes->count("ended") == 1);
  CHECK(has_no_child());
}
