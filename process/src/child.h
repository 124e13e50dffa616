// Child: one child process until it has been reaped, exactly once. Included by the files that make
// a Process and a ProcessTransport.
#pragma once

#include <coil/process/exit_status.h>
#include <coil/runtime/event.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include "native_child.h"

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace coil::detail {

// One strand looks after it; others may wait, and ask for its end.
class Child : public std::enable_shared_from_this<Child> {
 public:
  Child(Reactor& reactor, std::unique_ptr<NativeChild> native)
      : reactor_(reactor), native_(std::move(native)) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Has the reactor reap it as soon as it ends, and then call `ended`, from the loop.
  void watch(std::function<void()> ended = {});
  // Returns when it is over; may be awaited by several.
  Task<void> until_over();
  // Ends it and reaps it: SIGTERM at once, SIGKILL if `grace` passes.
  void give_up(Duration grace);
  // Leaves it to itself; it is reaped if it ends while the reactor turns.
  void leave_alone() noexcept { native_->set_free(); }

  // Reaps it if it has ended.
  bool try_reap() noexcept;
  // Kills it and waits for its end; for when nobody turns the loop any more.
  void kill_now() noexcept;
  // Errors: ProcessExitedAlready; SystemError for anything else.
  void signal(int number);

  Reactor& reactor() const noexcept { return reactor_; }
  int pid() const noexcept { return native_->pid(); }
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
  void tell() noexcept;

  Reactor& reactor_;
  std::unique_ptr<NativeChild> native_;
  bool watched_ = false;   // A strand of the reactor's looks after it.
  bool stolen_ = false;    // Somebody else has reaped it.
  bool given_up_ = false;  // It is being ended.
  std::optional<ExitStatus> status_;
  std::function<void()> ended_;
  Event changed_;  // Set when it is over, or nobody watches it any more.
};

}  // namespace coil::detail
