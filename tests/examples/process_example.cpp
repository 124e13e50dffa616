// The examples of process.h, exit_status.h, process_error.h and pipeline.h.
#include <coil/process.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

using namespace coil;

namespace {

Task<std::string> all_of(PipeReader& reader) {
  std::string text;
  for (;;) {
    const BufferLease data = co_await reader.receive();
    if (data.empty()) co_return text;
    text += as_text(data.bytes());
  }
}

// [sort]
Task<std::string> sorted(Reactor& reactor, std::string text) {
  Process sort = Process::spawn(reactor, Command("sort"));
  co_await sort.input().write_all(text);
  sort.input().close();  // The end of what it reads.
  std::string result = co_await all_of(sort.output());
  ExitStatus status = co_await sort.wait();
  if (!status.success()) throw std::runtime_error(status.to_string());
  co_return result;
}
// [/sort]

Task<void> tell(Process process) {
  // [status]
  ExitStatus status = co_await process.wait();
  if (status.success()) co_return;
  if (status.signal()) std::puts("it was ended by a signal");
  std::puts(status.to_string().c_str());  // "exit code 3", "signal 15 (SIGTERM)".
  // [/status]
}

void end(Process& process) {
  // [too late]
  try {
    process.terminate();
  } catch (const ProcessExitedAlready&) {
    std::puts("it has ended by itself");
  }
  // [/too late]
}

Task<std::string> unique(Reactor& reactor) {
  // [pipeline]
  std::vector<Command> commands;
  commands.push_back(Command("printf", "b\\na\\nb\\n"));
  commands.push_back(Command("sort"));
  commands.push_back(Command("uniq"));
  Pipeline pipeline = Pipeline::spawn(reactor, commands);
  std::string lines = co_await all_of(pipeline.output());  // "a\nb\n".
  std::vector<ExitStatus> ends = co_await pipeline.wait();
  // [/pipeline]
  CHECK(ends.size() == 3);
  co_return lines;
}

}  // namespace

TEST_CASE("the examples of processes") {
  const auto reactor = make_reactor();
  CHECK(run(*reactor, sorted(*reactor, "b\na\n")) == "a\nb\n");
  CHECK(run(*reactor, unique(*reactor)) == "a\nb\n");
  Process process = Process::spawn(*reactor, Command("sleep", "100"));
  end(process);
  run(*reactor, tell(std::move(process)));
}
