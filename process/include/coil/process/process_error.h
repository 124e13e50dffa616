// What is reported of processes: how one ended, and that one has ended already.
#pragma once

#include <coil/process/exit_status.h>
#include <coil/runtime/error.h>

#include <optional>
#include <string>

namespace coil {

// ProcessDone: a process ended with the code 0.
//
// Example (tests/examples/process_protocol_example.cpp, "reasons"):
//
//   void processEnded(const Failure& reason) override {
//     if (reason.check<ProcessDone>()) return;
//     reason.visit<ProcessTerminated>([](const ProcessTerminated& error) {
//       std::puts(error.what());                       // "exit code 3", "signal 15 (SIGTERM)".
//       if (error.signal()) std::puts("by a signal");
//     });
//   }
//
// Source: Twisted's error.ProcessDone.
class ProcessDone : public ConnectionDone {
 public:
  ProcessDone() : ConnectionDone(make_error_code(Errc::connection_done)) {}
  const char* what() const noexcept override { return "exit code 0"; }
};

// ProcessTerminated: a process ended with another code, or by a signal. It has neither where
// somebody else reaped the process, so that nobody can tell.
//
// Source: Twisted's error.ProcessTerminated.
class ProcessTerminated : public ConnectionLost {
 public:
  explicit ProcessTerminated(std::optional<ExitStatus> status)
      : ConnectionLost(std::make_error_code(std::errc::no_child_process)),
        status_(status),
        text_(status ? status->to_string() : "reaped by somebody else") {}
  const char* what() const noexcept override { return text_.c_str(); }

  const std::optional<ExitStatus>& status() const noexcept { return status_; }
  std::optional<int> exit_code() const noexcept { return status_ ? status_->code() : std::nullopt; }
  std::optional<int> signal() const noexcept { return status_ ? status_->signal() : std::nullopt; }

 private:
  std::optional<ExitStatus> status_;
  std::string text_;
};

// ProcessExitedAlready: a process that is to get a signal has ended.
//
// Example (tests/examples/process_example.cpp, "too late"):
//
//   try {
//     process.terminate();
//   } catch (const ProcessExitedAlready&) {
//     std::puts("it has ended by itself");
//   }
//
// Source: Twisted's error.ProcessExitedAlready.
class ProcessExitedAlready : public SystemError {
 public:
  ProcessExitedAlready()
      : SystemError(std::make_error_code(std::errc::no_such_process), "the process has ended") {}
};

}  // namespace coil
