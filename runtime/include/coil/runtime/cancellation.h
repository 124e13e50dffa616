// Cancellation: asking for it, noticing it, and finishing something in spite of it.
#pragma once

#include <coil/runtime/awaitable.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <absl/cleanup/cleanup.h>

#include <coroutine>
#include <optional>
#include <utility>

namespace coil {

// CancellationToken: tells whether the scope it was asked for has been cancelled.
//
// Example (tests/examples/cancellation_example.cpp, "token"):
//
//   CancellationToken token = co_await current_cancellation();
//   while (!token.requested()) co_await shielded(save_one_block());   // Whole blocks only.
//
// Requires: The task that asked for it is still running. A loop that asks also awaits: requests
//           come from the reactor's own thread, and nothing else runs there meanwhile.
class CancellationToken {
 public:
  explicit CancellationToken(TaskContext& context) noexcept : context_(&context) {}
  bool requested() const noexcept { return context_->cancel_requested(); }

 private:
  TaskContext* context_;
};

// CurrentCancellation: co_await current_cancellation() gives the token of the awaiting task.
//
// Example (tests/examples/cancellation_example.cpp, "token"):
//
//   CancellationToken token = co_await current_cancellation();
class [[nodiscard]] CurrentCancellation {
 public:
  CurrentCancellation() noexcept {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    context_ = &waiter.promise().context();
    return false;
  }
  CancellationToken await_resume() const noexcept { return CancellationToken(*context_); }

 private:
  TaskContext* context_ = nullptr;
};
inline CurrentCancellation current_cancellation() noexcept { return CurrentCancellation(); }

namespace detail {

template <class T>
class [[nodiscard]] Shielded final : private TimerNode {
 public:
  Shielded(Task<T> work, std::optional<Duration> limit) noexcept
      : TimerNode(&expired), work_(std::move(work)), limit_(limit) {}
  // Only before it was awaited: then there is no scope and no timer yet.
  Shielded(Shielded&& other) noexcept
      : TimerNode(&expired), work_(std::move(other.work_)), limit_(other.limit_) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> waiter) {
    return begin(waiter.promise().context(), waiter);
  }
  auto begin(TaskContext& outer, std::coroutine_handle<> waiter) {
    scope_.emplace(outer, TaskContext::Scope::shielded);
    if (limit_) deadline_.emplace(outer.reactor(), static_cast<TimerNode&>(*this), limit_);
    return work_.begin(*scope_, waiter);
  }
  T await_resume() {
    deadline_.reset();
    const absl::Cleanup end_scope = [this] { scope_.reset(); };  // After the work itself.
    return work_.resume();
  }

 private:
  static void expired(TimerNode& node) noexcept { static_cast<Shielded&>(node).scope_->cancel(); }

  Awaiting<Task<T>> work_;
  std::optional<Duration> limit_;
  std::optional<TaskContext> scope_;
  std::optional<QueuedTimer> deadline_;
};

}  // namespace detail

// Runs `work` to its end although the scope around is cancelled; for clean-up that must await.
//
// Example (tests/examples/cancellation_example.cpp, "shielded"):
//
//   co_await shielded(say_goodbye(stream), std::chrono::seconds(1));
//
// Guarantees: The value is delivered; the request is honored by the next cancellable await. Only
//             `limit` ends the work early: after it, the work is cancelled itself.
template <class T>
detail::Shielded<T> shielded(Task<T> work, std::optional<Duration> limit = std::nullopt) {
  return detail::Shielded<T>(std::move(work), limit);
}

}  // namespace coil
