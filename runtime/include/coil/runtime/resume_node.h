// ResumeNode: lets another thread resume a task without allocating anything.
#pragma once

#include <coil/runtime/detail/inbox_node.h>
#include <coil/runtime/suspension.h>
#include <coil/runtime/task_context.h>

#include <coroutine>

namespace coil {

// ResumeNode: awaited on the reactor's thread, fired once by callFromThread(node).
//
// Example (tests/examples/thread_example.cpp, "resume node"):
//
//   ResumeNode done;
//   std::jthread worker([&] { work(); reactor.callFromThread(done); });
//   co_await done;                             // The thread is joined where `worker` ends.
//
// Requires:     Fired at most once; it lives until it was awaited after that.
// Errors:       ReactorStopped if the reactor ended first.
// Cancellation: Not cancellable; completes promptly. A class that derives from it may be, if it can
//               tell whether the node was fired: once it was, the await ends by that.
class ResumeNode : public Suspension, public detail::InboxNode {
 public:
  ResumeNode() noexcept : Suspension(&ignore_cancel), InboxNode(&deliver) {}
  ResumeNode(const ResumeNode&) = delete;

  bool await_ready() const noexcept { return delivered_; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
    enter_uncancellable(context, waiter);
    return true;
  }
  void await_resume() const {
    if (failed_) throw_error(make_error_code(Errc::reactor_stopped), "callFromThread");
  }

 protected:
  explicit ResumeNode(CancelRequest cancel) noexcept : Suspension(cancel), InboxNode(&deliver) {}
  // Only before it was awaited.
  ResumeNode(ResumeNode&& other) noexcept
      : Suspension(static_cast<Suspension&&>(other)), InboxNode(&deliver) {}

 private:
  static void ignore_cancel(Suspension&) noexcept {}
  static void deliver(InboxNode& node, Reactor* reactor) noexcept;

  bool delivered_ = false;
  bool failed_ = false;
};

}  // namespace coil
