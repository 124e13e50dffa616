// Pipeline: several children, each of which reads what the one before it writes.
#pragma once

#include <coil/process/command.h>
#include <coil/process/exit_status.h>
#include <coil/process/process.h>
#include <coil/process/process_output.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <vector>

namespace coil {

// Pipeline: what a shell makes of `a | b | c`.
//
// Example (tests/examples/process_example.cpp, "pipeline"):
//
//   std::vector<Command> commands;
//   commands.push_back(Command("printf", "b\\na\\nb\\n"));
//   commands.push_back(Command("sort"));
//   commands.push_back(Command("uniq"));
//   Pipeline pipeline = Pipeline::spawn(reactor, commands);
//   std::string lines = co_await all_of(pipeline.output());     // "a\nb\n".
//   std::vector<ExitStatus> ends = co_await pipeline.wait();
//
// Requires:   The reactor outlives the pipeline.
// Guarantees: What flows between the children does not pass through this process. A child that
//             ends early is noticed by the one before it, as in a shell. If one of the commands
//             cannot be started, none is left running. A Pipeline that goes gives up all that live.
class Pipeline {
 public:
  // The descriptor 1 of each command but the last, and 0 of each but the first, become the pipes
  // between them; all others are as the commands say.
  //
  // Errors: What Process::spawn throws; std::invalid_argument where there are no commands.
  static Pipeline spawn(Reactor& reactor, const std::vector<Command>& commands);

  // What the first one reads, and the last one writes.
  //
  // Errors: std::out_of_range where those are no pipes.
  PipeWriter& input() { return processes_.front().input(); }
  PipeReader& output() { return processes_.back().output(); }
  // Each of the children, in the order of the commands.
  Process& process(std::size_t index) { return processes_.at(index); }
  std::size_t size() const noexcept { return processes_.size(); }

  // Returns when all of them have ended, with the status of each in their order.
  //
  // Errors:       What Process::wait throws.
  // Cancellation: Cancellable; if cancelled, nothing was transferred. The children go on.
  Task<std::vector<ExitStatus>> wait();
  // Sends a signal to all that live.
  void signal(int number);

 private:
  Pipeline() noexcept {}

  std::vector<Process> processes_;
};

}  // namespace coil
