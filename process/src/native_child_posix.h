// PosixChild: a child by its number, and by a descriptor where there is one. Included by the POSIX
// files that make a child.
#pragma once

#include "native_child.h"
#include "owned_descriptor.h"

#include <utility>

namespace coil::detail {

// Where there is a descriptor for the process, it tells of the end, names the process whatever
// becomes of its number, and is what is reaped. Elsewhere SIGCHLD tells, for all children at once.
class PosixChild final : public NativeChild {
 public:
  PosixChild(int pid, OwnedDescriptor pidfd) noexcept : pid_(pid), pidfd_(std::move(pidfd)) {}

  int pid() const noexcept override { return pid_; }
  Sight look(ExitStatus& status) noexcept override;
  Task<void> until_end(Reactor& reactor) override;
  void await_end() noexcept override;
  void signal(int number) override;
  void ask_to_end() noexcept override;
  bool kill() noexcept override { return send(signal_kill) == 0; }
  void set_free() noexcept override {}  // Nothing ends it with this process.

 private:
  Task<void> until_readable(Reactor& reactor);
  bool has_ended() const noexcept;
  int send(int number) const noexcept;
  int wait(int options, int& code, int& number) const noexcept;

  int pid_;
  OwnedDescriptor pidfd_;
  HandleId handle_;  // Of the descriptor, while …
  int polls_ = 0;    // … waits are in flight on it, which keep it open.
  bool is_over_ = false;
};

}  // namespace coil::detail
