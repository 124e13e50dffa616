// Child: one child process until it has been reaped, exactly once. Included by the files that make
// a Process and a ProcessTransport.
#pragma once

#include <coil/process/exit_status.h>
#include <coil/runtime/event.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include "owned_descriptor.h"

#include <functional>
#include <memory>
#include <optional>
#include <system_error>

namespace coil::detail {

// Where there is a descriptor for the process, it tells of the end, names the process whatever
// becomes of its number, and is what is reaped. Elsewhere SIGCHLD tells, for all children at once.
class Child : public std::enable_shared_from_this<Child> {
 public:
  Child(Reactor& reactor, int pid, OwnedDescriptor pidfd)
      : reactor_(reactor), pid_(pid), pidfd_(std::move(pidfd)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Has the reactor reap it as soon as it ends, and then call `ended`, from the loop.
  void watch(std::function<void()> ended = {});
  // Returns when it is over; may be awaited by several.
  Task<void> until_over();
  // Ends it and reaps it: SIGTERM at once, SIGKILL if `grace` passes.
  void give_up(Duration grace);

  // Reaps it if it has ended.
  bool try_reap() noexcept;
  // Kills it and waits for its end; for when nobody turns the loop any more.
  void kill_now() noexcept;
  // Errors: ProcessExitedAlready; SystemError for anything else.
  void signal(int number);

  Reactor& reactor() const noexcept { return reactor_; }
  int pid() const noexcept { return pid_; }
  // Nothing is left to be waited for: it was reaped, here or by somebody else.
  bool is_over() const noexcept { return status_.has_value() || stolen_; }
  bool was_given_up() const noexcept { return given_up_; }
  const std::optional<ExitStatus>& status() const noexcept { return status_; }
  // Errors: SystemError if somebody else reaped it. Requires: is_over().
  ExitStatus result() const;

 private:
  Task<void> run_watch(std::shared_ptr<Child> self);
  Task<void> run_end(std::shared_ptr<Child> self, Duration grace);
  Task<void> end(Duration grace);
  Task<void> until_news();
  Task<void> until_readable();
  int send(int number) const noexcept;
  int wait(int options, int& code, int& number) const noexcept;
  void note_over() noexcept;
  void tell() noexcept;

  Reactor& reactor_;
  int pid_;
  OwnedDescriptor pidfd_;
  HandleId handle_;        // Of the descriptor, while …
  int polls_ = 0;          // … waits are in flight on it, which keep it open.
  bool watched_ = false;   // A strand of the reactor's looks after it.
  bool stolen_ = false;    // Somebody else has reaped it.
  bool given_up_ = false;  // It is being ended.
  std::optional<ExitStatus> status_;
  std::function<void()> ended_;
  Event changed_;  // Set when it is over, or nobody watches it any more.
};

}  // namespace coil::detail
