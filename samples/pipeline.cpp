// A shell pipeline: several children, each of which reads what the one before it writes.
//
// Run it:  coil pipeline -- printf 'b\na\nb\n' '|' sort '|' uniq -c
// What flows between the children does not pass through this program. It exits like a shell does:
// with the status of the last one.
#include "common/commands.h"
#include "common/samples.h"

#include <coil/process/pipeline.h>
#include <coil/runtime/run.h>

#include <cstdio>
#include <vector>

namespace samples {

namespace {

coil::Task<int> execute(coil::Reactor& reactor, const std::vector<coil::Command>& commands) {
  coil::Pipeline pipeline = coil::Pipeline::spawn(reactor, commands);
  const std::vector<coil::ExitStatus> ends = co_await pipeline.wait();
  for (std::size_t index = 0; index < ends.size(); ++index) {
    if (ends[index].success()) continue;
    std::fprintf(stderr, "%s: %s\n", commands[index].program.c_str(),
                 ends[index].to_string().c_str());
  }
  co_return ends.back().shell_code();
}

}  // namespace

int pipeline(coil::Reactor& reactor, const CommandOptions& options) {
  std::vector<coil::Command> commands = to_commands(options.words);
  for (coil::Command& command : commands) command.set_errors(coil::ChildDescriptor::inherit());
  commands.front().set_input(coil::ChildDescriptor::inherit());
  commands.back().set_output(coil::ChildDescriptor::inherit());
  return coil::run(reactor, execute(reactor, commands));
}

}  // namespace samples
