// Pipelines: children joined by pipes of their own.
#include <coil/process/pipeline.h>

#include "owned_descriptor.h"

#include <stdexcept>
#include <utility>

namespace coil {

Pipeline Pipeline::spawn(Reactor& reactor, const std::vector<Command>& commands) {
  if (commands.empty()) throw std::invalid_argument("a pipeline has at least one command");
  Pipeline pipeline;
  detail::OwnedDescriptor from_before;
  for (std::size_t index = 0; index < commands.size(); ++index) {
    Command command = commands[index];
    detail::PipeEnds to_next;
    if (from_before.valid()) command.set_input(from_before.get());
    if (index + 1 < commands.size()) {
      to_next = detail::open_pipe();
      command.set_output(to_next.writing.get());
    }
    pipeline.processes_.push_back(Process::spawn(reactor, command));
    from_before = std::move(to_next.reading);
  }
  return pipeline;
}

Task<std::vector<ExitStatus>> Pipeline::wait() {
  std::vector<ExitStatus> ends;
  ends.reserve(processes_.size());
  for (Process& process : processes_) ends.push_back(co_await process.wait());
  co_return ends;
}

void Pipeline::signal(int number) {
  for (Process& process : processes_) {
    try {
      process.signal(number);
    } catch (const ProcessExitedAlready&) {
      continue;
    }
  }
}

}  // namespace coil
