// Process: a child process, awaited directly.
#pragma once

#include <coil/net/pipe.h>
#include <coil/process/command.h>
#include <coil/process/exit_status.h>
#include <coil/process/process_error.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <map>
#include <memory>
#include <optional>

namespace coil {

namespace detail {
class Child;
}

// Process: owns one running child and this side of its pipes.
//
// Example (tests/examples/process_example.cpp, "sort"):
//
//   Task<std::string> sorted(Reactor& reactor, std::string text) {
//     Process sort = Process::spawn(reactor, Command("sort"));
//     co_await sort.input().write_all(text);
//     sort.input().close();                             // The end of what it reads.
//     std::string result = co_await all_of(sort.output());
//     ExitStatus status = co_await sort.wait();
//     if (!status.success()) throw std::runtime_error(status.to_string());
//     co_return result;
//   }
//
// Requires:   The reactor outlives the process.
// Guarantees: The child is reaped exactly once, and as soon as it ends while the reactor turns. A
//             Process that goes while its child lives gives it up: SIGTERM, the grace of its
//             command, SIGKILL, and it is reaped, also where the reactor stops meanwhile. A child
//             that fails to become its program never was one.
//             Windows asks no program to end, unless it leads a group of this console, which gets
//             Ctrl-Break: what is given up is ended at once, with all that it has started, and also
//             when this program crashes.
// Source:     Python's asyncio.subprocess; Twisted's IProcessTransport.
class Process {
 public:
  // A process that is none.
  Process() noexcept;
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  // Starts the command.
  //
  // Errors: SystemError, which names the program and the step that failed: the directory, the
  //         user, the program itself. std::invalid_argument for a command that makes no sense.
  // Cost:   Returns when the child has begun to execute its program; the reactor stands still
  //         until then.
  static Process spawn(Reactor& reactor, const Command& command);

  // What the child reads on its descriptor 0, and writes to 1 and 2, where those are pipes. The
  // child is held up when it has written what a pipe holds and nobody reads it.
  //
  // Errors: std::out_of_range where they are not.
  PipeWriter& input() { return writer(0); }
  PipeReader& output() { return reader(1); }
  PipeReader& errors() { return reader(2); }
  // The same for any descriptor of the child.
  PipeReader& reader(int descriptor);
  PipeWriter& writer(int descriptor);
  bool has_reader(int descriptor) const noexcept { return readers_.contains(descriptor); }
  bool has_writer(int descriptor) const noexcept { return writers_.contains(descriptor); }

  // Returns when the child has ended, whoever holds its pipes then. Gives the same whenever and as
  // often as it is asked.
  //
  // Errors:       SystemError (no_child_process) if something else in this program reaped it.
  // Cancellation: Cancellable; if cancelled, nothing was transferred. The child goes on.
  Task<ExitStatus> wait();
  // How it ended, if that is known already.
  std::optional<ExitStatus> status() const noexcept;

  // Sends it a signal.
  //
  // Errors: ProcessExitedAlready; SystemError for anything else: Windows has no way to send another
  //         one than KILL and TERM, and BREAK to the leader of a group of this console.
  void signal(int number);
  void terminate();
  void kill();

  // Leaves the child to itself: it outlives this object. It is reaped if it ends while the reactor
  // turns.
  void release() noexcept;

  int pid() const;
  // True until it is moved from or released.
  bool is_open() const noexcept { return child_ != nullptr; }

 private:
  detail::Child& child() const;
  void give_up() noexcept;

  std::shared_ptr<detail::Child> child_;
  Duration grace_{};
  std::map<int, PipeReader> readers_;
  std::map<int, PipeWriter> writers_;
};

}  // namespace coil
