// The examples of command.h, and of run_command.
#include <coil/process.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>

using namespace coil;

namespace {

Command describe(int log_file) {
  // [descriptors]
  Command command("make");
  command.set_descriptor(0, ChildDescriptor::null());
  command.set_descriptor(1, 'r');  // This side reads what it writes.
  command.set_descriptor(2, ChildDescriptor::same_as(1));
  command.set_descriptor(3, 'w');       // This side writes what it reads.
  command.set_descriptor(4, log_file);  // A descriptor of this process.
  // [/descriptors]
  return command;
}

Process show(Reactor& reactor) {
  // [command]
  Command command("git", "log", "--oneline");
  command.set_directory("/usr/src").set_variable("GIT_PAGER", "cat");
  Process process = Process::spawn(reactor, command);
  // [/command]
  return process;
}

Task<void> make(Reactor& reactor) {
  // [run]
  CommandOutput made = co_await run_command(reactor, Command("make", "all"));
  if (!made.status.success()) std::puts(made.errors.c_str());
  // [/run]
}

Task<std::string> sort(Reactor& reactor) {
  // [run options]
  RunOptions options = RunOptions().set_input("3\n1\n2\n").set_size_max(1024);
  CommandOutput sorted = co_await run_command(reactor, Command("sort"), options);
  // [/run options]
  co_return sorted.output;
}

}  // namespace

TEST_CASE("the examples of commands") {
  const auto reactor = make_reactor();
  CHECK(describe(9).descriptors.size() == 5);
  CHECK(run(*reactor, sort(*reactor)) == "1\n2\n3\n");
  static_cast<void>(&make);  // These take programs that may not be there.
  static_cast<void>(&show);
}
