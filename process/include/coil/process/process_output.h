// What a command says and how it ends, in one call.
#pragma once

#include <coil/process/command.h>
#include <coil/process/exit_status.h>
#include <coil/process/process_error.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace coil {

// CommandOutput: what a command that has ended left behind.
//
// Example (tests/examples/command_example.cpp, "run"):
//
//   CommandOutput made = co_await run_command(reactor, Command("make", "all"));
//   if (!made.status.success()) std::puts(made.errors.c_str());
class CommandOutput {
 public:
  CommandOutput() noexcept {}
  ExitStatus status;
  std::string output;  // What it wrote to descriptor 1, where that is a pipe …
  std::string errors;  // … and to descriptor 2.
};

// RunOptions: what a command reads, and how much it may say.
//
// Example (tests/examples/command_example.cpp, "run options"):
//
//   RunOptions options = RunOptions().set_input("3\n1\n2\n").set_size_max(1024);
//   CommandOutput sorted = co_await run_command(reactor, Command("sort"), options);
class RunOptions {
 public:
  RunOptions() {}
  // What it finds on descriptor 0, and then the end.
  RunOptions& set_input(std::string text) {
    input = std::move(text);
    return *this;
  }
  // The most bytes of output and errors together; 16 MiB unless set.
  RunOptions& set_size_max(std::size_t bytes) noexcept {
    size_max = bytes;
    return *this;
  }
  std::string input;
  std::size_t size_max = 16 * 1024 * 1024;
};

// Runs a command to its end and collects what it says. Where its descriptor 0 is a pipe, it reads
// the input of the options there; a command that ends without reading it all is no error.
//
// Errors:       BufferLimit if it says more than it may; what Process::spawn and wait throw. The
//               child is then given up.
// Cancellation: Cancellable; some bytes may have been transferred. The child is given up.
Task<CommandOutput> run_command(Reactor& reactor, Command command, RunOptions options = {});

// UnexpectedErrorOutput: a program that was not to write to its descriptor 2 did.
//
// Example (tests/examples/process_output_example.cpp, "output"):
//
//   listing.addErrback([](Failure failure) {
//     failure.trap<UnexpectedErrorOutput>();
//     return failure.getErrorMessage();
//   });
//
// Source: Twisted's _UnexpectedErrorOutput.
class UnexpectedErrorOutput : public std::runtime_error {
 public:
  UnexpectedErrorOutput(const std::string& text, Deferred<void> end)
      : std::runtime_error("got stderr: " + text), end_(std::move(end)) {}
  // Fails with the reason when the process has ended. Nobody needs to look at it.
  Deferred<void> process_ended() const { return end_; }

 private:
  Deferred<void> end_;
};

// ProcessSignaled: a signal ended a program whose exit code was asked for.
//
// Example (tests/examples/process_output_example.cpp, "value"):
//
//   value.addErrback([](Failure failure) {
//     failure.trap<ProcessSignaled>();
//     return -1;
//   });
class ProcessSignaled : public ProcessTerminated {
 public:
  ProcessSignaled(std::optional<ExitStatus> status, std::string output, std::string errors)
      : ProcessTerminated(status), output_(std::move(output)), errors_(std::move(errors)) {}
  const std::string& output() const noexcept { return output_; }
  const std::string& errors() const noexcept { return errors_; }

 private:
  std::string output_;
  std::string errors_;
};

// OutputOptions: the environment of a program, and whether its errors are part of its output.
//
// Example (tests/examples/process_output_example.cpp, "options"):
//
//   OutputOptions options = OutputOptions().set_env(std::nullopt).set_errortoo(true);
class OutputOptions {
 public:
  OutputOptions() {}
  // Exactly these variables; nothing: this process's own. None at all unless it is set.
  OutputOptions& set_env(std::optional<Environment> variables);
  OutputOptions& set_path(std::string directory) {
    path = std::move(directory);
    return *this;
  }
  // What it writes to descriptor 2 is collected with the rest, and no error.
  OutputOptions& set_errortoo(bool value) noexcept {
    errortoo = value;
    return *this;
  }
  std::optional<Environment> env = Environment();
  std::string path;
  bool errortoo = false;
};

// Runs a program and gives what it wrote to descriptor 1.
//
// Errors: UnexpectedErrorOutput if it wrote to descriptor 2 and that is not asked for; the program
//         loses its pipes then. What spawnProcess throws.
// Source: Twisted's utils.getProcessOutput.
Deferred<std::string> getProcessOutput(Reactor& reactor, const std::string& executable,
                                       std::vector<std::string> args = {},
                                       const OutputOptions& options = OutputOptions());
// Runs a program and gives its exit code; what it says is dropped.
//
// Errors: ProcessSignaled if a signal ended it. What spawnProcess throws.
// Source: Twisted's utils.getProcessValue.
Deferred<int> getProcessValue(Reactor& reactor, const std::string& executable,
                              std::vector<std::string> args = {},
                              const OutputOptions& options = OutputOptions());
// Runs a program and gives both, and its errors apart.
//
// Errors: ProcessSignaled if a signal ended it. What spawnProcess throws.
// Source: Twisted's utils.getProcessOutputAndValue.
Deferred<CommandOutput> getProcessOutputAndValue(Reactor& reactor, const std::string& executable,
                                                 std::vector<std::string> args = {},
                                                 const OutputOptions& options = OutputOptions());

}  // namespace coil
