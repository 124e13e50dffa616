// NativeChild: what the system knows of one child process. Included by the files that make a child
// or watch it.
#pragma once

#include <coil/process/exit_status.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

namespace coil::detail {

// The signals that every system has a way to carry out; POSIX fixes their numbers for kill(1).
inline constexpr int signal_kill = 9;
inline constexpr int signal_terminate = 15;

class NativeChild {
 public:
  // What a look at it shows; `stolen`: somebody else has reaped it.
  enum class Sight : unsigned char { alive, ended, stolen };

  NativeChild() noexcept {}
  NativeChild(const NativeChild&) = delete;
  NativeChild& operator=(const NativeChild&) = delete;
  virtual ~NativeChild() = default;

  // 0 for one that never began.
  virtual int pid() const noexcept = 0;
  // Reaps it if it has ended, and tells how it did. Not called again afterwards.
  virtual Sight look(ExitStatus& status) noexcept = 0;
  // Returns when a look will show another thing than that it is alive; may be awaited by several.
  virtual Task<void> until_end(Reactor& reactor) = 0;
  // Waits for the same, and holds up this thread.
  virtual void await_end() noexcept = 0;
  // Errors: ProcessExitedAlready; SystemError for a signal that cannot be sent.
  virtual void signal(int number) = 0;
  // Asks it to end, as far as the system can.
  virtual void ask_to_end() noexcept = 0;
  // Makes it end; false if it is out of reach.
  virtual bool kill() noexcept = 0;
  // From now on it may outlive this process, whatever ends that.
  virtual void set_free() noexcept = 0;
};

}  // namespace coil::detail
