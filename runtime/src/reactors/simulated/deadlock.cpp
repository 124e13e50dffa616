// The account of a simulation in which nothing can ever happen.
#include "simulation.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace coil::testing {

namespace {

// A program that runs its loop again after a deadlock may do so; one that only spins may not.
constexpr int deadlocks_max = 16;

std::string_view name_of(OpCode code) noexcept {
  switch (code) {
    case OpCode::receive:
    case OpCode::receive_lease:
      return "receive";
    case OpCode::send:
      return "send";
    case OpCode::accept:
      return "accept";
    case OpCode::connect:
      return "connect";
    case OpCode::receive_from:
      return "receive_from";
    case OpCode::send_to:
      return "send_to";
    case OpCode::shutdown:
      return "shutdown";
    case OpCode::poll_readable:
      return "poll_readable";
    case OpCode::poll_writable:
      return "poll_writable";
  }
  return "operation";
}

std::string_view file_of(std::string_view path) noexcept {
  return path.substr(path.find_last_of('/') + 1);  // npos + 1 is 0.
}

}  // namespace

// Only operations can be told apart from outside; whatever else a task waits for, somebody in the
// program was to bring about.
std::string SimulatedReactor::Simulation::name_of(const Suspension& wait) {
  std::string text;
  reactor.handles().for_each([&](HandleSlot& slot) {
    slot.in_flight.for_each([&](const Operation& op) {
      if (&op != &wait) return;
      text = testing::name_of(op.code());
      const detail::VirtualSocket* socket = network.find(slot.native());
      if (socket != nullptr && socket->local) text += " on " + socket->local->text();
      if (socket != nullptr && socket->peer) text += " from " + socket->peer->text();
    });
  });
  return text.empty() ? "another task or call" : text;
}

// Strands with children wait for those; the ones without are what holds everything up.
void SimulatedReactor::Simulation::describe(const TaskContext& context, std::size_t& count,
                                            std::string& text) {
  bool has_children = false;
  context.for_each_child([&](const TaskContext& child) {
    has_children = true;
    describe(child, count, text);
  });
  if (has_children || context.waits_for() == nullptr) return;
  const std::source_location site = context.site();
  text += (count == 0 ? ": " : "; ") + name_of(*context.waits_for()) + " (";
  if (!context.name().empty()) text += std::string(context.name()) + ", ";
  text += std::string(file_of(site.file_name())) + ":" + std::to_string(site.line()) + ")";
  ++count;
}

std::string SimulatedReactor::Simulation::what_is_awaited() {
  std::size_t count = 0;
  std::string text;
  reactor.for_each_root([&](TaskContext& root) { describe(root, count, text); });
  const std::string number = std::to_string(count) + (count == 1 ? " task" : " tasks");
  return "nothing can ever happen: " + number + " waiting on" + (count == 0 ? " nothing" : text);
}

void SimulatedReactor::Simulation::report_deadlock() {
  const std::string sentence = what_is_awaited();
  const bool stuck = deadlocked && reactor.counters().resumptions == resumptions_at_deadlock;
  deadlocks_in_a_row = stuck ? deadlocks_in_a_row + 1 : 0;
  if (deadlocks_in_a_row == deadlocks_max) contract_violation(sentence.c_str());
  resumptions_at_deadlock = reactor.counters().resumptions;
  deadlocked = true;
  if (!stuck) reactor.log(LogRecord(LogLevel::error, sentence));
  reactor.crash();
}

}  // namespace coil::testing
