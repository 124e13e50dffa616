// Runs a command: each line that it says is prefixed, and its exit status is passed on.
//
// Run it:  coil exec -- ls /no/such/place     says "err: …" on its own standard error, and exits
//          with the status of ls; with 128 and the number of the signal, if one has ended it.
#include "common/commands.h"
#include "common/hangups.h"
#include "common/samples.h"

#include <coil/process/process.h>
#include <coil/runtime/log.h>
#include <coil/runtime/run.h>
#include <coil/runtime/signal_watcher.h>
#include <coil/runtime/task_group.h>
#include <coil/runtime/when_all.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

namespace samples {

namespace {

void print(std::FILE* to, std::string_view prefix, std::string_view line) {
  std::fprintf(to, "%.*s%.*s\n", static_cast<int>(prefix.size()), prefix.data(),
               static_cast<int>(line.size()), line.data());
  std::fflush(to);
}

// A last line may lack its end.
coil::Task<void> print_lines(coil::PipeReader& from, std::FILE* to, std::string_view prefix) {
  std::string rest;
  for (;;) {
    const coil::BufferLease data = co_await from.receive();
    if (data.empty()) break;
    rest += coil::as_text(data.bytes());
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos;) {
      print(to, prefix, std::string_view(rest).substr(begin, end - begin));
      begin = end + 1;
    }
    rest.erase(0, begin);
  }
  if (!rest.empty()) print(to, prefix, rest);
}

// On a terminal Ctrl-C tells the child as well: once is enough.
coil::Task<void> forward(coil::SignalWatcher& signals, coil::Process& process) {
  for (;;) {
    const int number = co_await signals.next();
    if (number == SIGINT && coil::output_is_terminal()) continue;
    try {
      pass_on(process, number);
    } catch (const coil::ProcessExitedAlready&) {
      co_return;
    }
  }
}

coil::Task<int> execute(coil::Reactor& reactor, const coil::Command& command) {
  coil::SignalWatcher signals = watch_for_child(reactor);
  coil::Process process = coil::Process::spawn(reactor, command);
  auto until_it_ends = [&](coil::TaskGroup& group) -> coil::Task<int> {
    group.spawn(&forward, coil::outlives_group(signals), coil::outlives_group(process));
    co_await coil::when_all(print_lines(process.output(), stdout, "out: "),
                            print_lines(process.errors(), stderr, "err: "));
    const coil::ExitStatus status = co_await process.wait();
    group.cancel();
    co_return status.shell_code();
  };
  co_return co_await coil::with_task_group(until_it_ends);
}

}  // namespace

int exec(coil::Reactor& reactor, const CommandOptions& options) {
  coil::Command command = to_command(options.words);
  command.set_input(coil::ChildDescriptor::inherit());
  return coil::run(reactor, execute(reactor, command));
}

}  // namespace samples
