// Children of Windows: one that runs, and one that could not begin. Included by the files that make
// a child.
#pragma once

#include "native_child.h"
#include "pipe_windows.h"

#include <utility>

namespace coil::detail {

// A child in a job of its own: what it starts is in that job, too, and ends with it.
class WindowsChild final : public NativeChild {
 public:
  // Whether the child leads a group of this console's, which gets Ctrl-Break as one.
  enum class Console : bool { none, leads_group };

  WindowsChild(int pid, OwnedHandle process, OwnedHandle job, Console console) noexcept
      : pid_(pid), process_(std::move(process)), job_(std::move(job)), console_(console) {}

  int pid() const noexcept override { return pid_; }
  Sight look(ExitStatus& status) noexcept override;
  Task<void> until_end(Reactor& reactor) override;
  void await_end() noexcept override;
  void signal(int number) override;
  void ask_to_end() noexcept override;
  bool kill() noexcept override { return end_all(signal_kill); }
  void set_free() noexcept override;

 private:
  bool has_ended() const noexcept;
  ExitStatus status_of(DWORD code) const noexcept;
  bool break_group() const noexcept;
  void end(int number);
  bool end_all(int number) noexcept;

  int pid_;
  OwnedHandle process_;
  OwnedHandle job_;  // None any more, once it may go on alone.
  Console console_;
  int ended_by_ = 0;  // The signal that this side made of it.
};

// What has ended with code 1 before it began.
class FailedChild final : public NativeChild {
 public:
  int pid() const noexcept override { return 0; }
  Sight look(ExitStatus& status) noexcept override;
  Task<void> until_end(Reactor& reactor) override;
  void await_end() noexcept override {}
  void signal(int number) override;
  void ask_to_end() noexcept override {}
  bool kill() noexcept override { return false; }
  void set_free() noexcept override {}
};

}  // namespace coil::detail
