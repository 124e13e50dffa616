// Covers: process_protocol.h: what a child gets, and what goes into and out of it.
#include <array>
#include <memory>
#include <string>

#include "support/child.h"
#include "support/contract.h"
#include "support/process_notes.h"

using namespace coil;
using namespace coil::testing;

TEST_CASE("B162: what is written to a child in callback style comes back, in pieces and whole") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  const std::string much(500'000, 'w');
  notes->on_made = [&](ProcessTransport& line) {
    line.write("first ");
    const std::array<ConstBytes, 2> pieces = {as_bytes("second "), as_bytes("third ")};
    line.writeSequence(pieces);
    line.writeToChild(0, much);
    line.closeStdin();
    line.write("too late");
  };
  spawned(*reactor, notes, {"cat"});
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->out == "first second third " + much);
  CHECK(notes->received[1] == notes->out);
  CHECK(notes->why.check<ProcessDone>());
}

TEST_CASE("B163: without variables, with this process's own, or with exactly those given") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  set_own_variable("COIL_TEST_VARIABLE", "here");
  CHECK(finished(*reactor, {"variables"})->out.empty());
  const auto own = finished(*reactor, {"variables"}, SpawnOptions().set_env(std::nullopt));
  CHECK(own->out.find("COIL_TEST_VARIABLE=here\n") != std::string::npos);
  set_own_variable("COIL_TEST_VARIABLE", nullptr);
  const auto given =
      finished(*reactor, {"variables"}, SpawnOptions().set_env(Environment{{"A", "1"}}));
  CHECK(given->out == "A=1\n");
}

TEST_CASE("B174: what cannot be executed says so on descriptor 2 and exits with 1") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  spawnProcess(*reactor, notes, "/no/such/program", {"x"});
  CHECK(notes->count("made") == 1);
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->err.find("/no/such/program") != std::string::npos);
  CHECK(notes->err.find(no_such_file() + "\n") != std::string::npos);
  notes->why.visit<ProcessTerminated>(
      [](const ProcessTerminated& error) { CHECK(error.exit_code() == 1); });
  CHECK(notes->why.check<ProcessTerminated>());
  const auto lost = finished(*reactor, {"cat"}, SpawnOptions().set_path("/no/such/place"));
  CHECK(lost->err.find("change the directory: " + no_such_file()) != std::string::npos);
}

TEST_CASE("B177: while it pauses nothing is delivered, afterwards everything, with the end") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  const auto transport = spawned(*reactor, notes, {"cat"});
  transport->pauseProducing();
  transport->write("held");
  transport->closeStdin();
  turn_until(*reactor, [&] { return notes->count("exited") == 1; });
  for (int turns = 0; turns < 5; ++turns) reactor->iterate();
  CHECK(notes->out.empty());
  CHECK(notes->count("out") == 0);
  transport->resumeProducing();
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->out == "held");
}

namespace {

// Writes in pieces as it is asked, so many of them.
class Pieces : public Producer {
 public:
  Pieces(ProcessTransport& to, int count) : to_(to), left_(count) {}
  void resumeProducing() override {
    running = true;
    do {
      to_.write(std::string(10'000, 'p'));
      if (--left_ == 0) to_.unregisterProducer();
    } while (running && left_ > 0 && streams);
  }
  void pauseProducing() override {
    ++pauses;
    running = false;
  }
  void stopProducing() override { stopped = true; }
  bool streams = false;
  bool running = false;
  bool stopped = false;
  int pauses = 0;

 private:
  ProcessTransport& to_;
  int left_;
};

}  // namespace

TEST_CASE("a producer that is asked for pieces feeds the child, and a close waits for it") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  const auto transport = spawned(*reactor, notes, {"cat"});
  Pieces pieces(*transport, 20);
  transport->registerProducer(pieces, false);
  CHECK_THROWS_AS(transport->registerProducer(pieces, false), std::logic_error);
  transport->closeStdin();
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->out == std::string(200'000, 'p'));
  CHECK_FALSE(pieces.stopped);
}

TEST_CASE("a streaming producer is paused when the child does not read, and stopped at its end") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  const auto transport = spawned(*reactor, notes, {"cat"});
  Pieces pieces(*transport, 1000);
  pieces.streams = true;
  transport->pauseProducing();
  transport->registerProducer(pieces, true);
  pieces.resumeProducing();
  CHECK(pieces.pauses == 1);
  transport->resumeProducing();
  turn_until(*reactor, [&] { return pieces.pauses >= 3; });
  transport->signalProcess("KILL");
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(pieces.stopped);
  Pieces late(*transport, 1);
  transport->registerProducer(late, true);
  CHECK(late.stopped);
}

TEST_CASE("a streaming producer that comes when much is queued waits until that has gone") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto notes = std::make_shared<ProcessNotes>();
  const auto transport = spawned(*reactor, notes, {"cat"});
  transport->write(std::string(300'000, 'q'));
  Pieces pieces(*transport, 1);
  pieces.streams = true;
  transport->registerProducer(pieces, true);
  CHECK(pieces.pauses == 1);
  transport->closeStdin();
  turn_until(*reactor, [&] { return notes->ended; });
  CHECK(notes->out == std::string(300'000, 'q') + std::string(10'000, 'p'));
}
