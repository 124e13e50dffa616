// with_timeout and with_deadline: work that must end in time.
#pragma once

#include <coil/runtime/awaitable.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/sleep.h>

#include <absl/cleanup/cleanup.h>

#include <coroutine>
#include <optional>
#include <utility>

namespace coil {

namespace detail {

template <class A>
class [[nodiscard]] WithDeadline final : private TimerNode {
 public:
  WithDeadline(ReactorTime* time, Duration after, A&& work)
      : TimerNode(&expired), time_(time), after_(after), work_(std::forward<A>(work)) {}
  WithDeadline(ReactorTime* time, TimePoint when, A&& work)
      : TimerNode(&expired), time_(time), absolute_(true), work_(std::forward<A>(work)) {
    due = when;
  }
  // Only before it was awaited: then there is no scope and no timer yet.
  WithDeadline(WithDeadline&& other) noexcept
      : TimerNode(&expired),
        time_(other.time_),
        after_(other.after_),
        absolute_(other.absolute_),
        work_(std::move(other.work_)) {
    due = other.due;
  }

  bool await_ready() { return work_.ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> waiter) {
    return begin(waiter.promise().context(), waiter);
  }
  template <class Promise>
  auto begin(TaskContext& outer, std::coroutine_handle<Promise> waiter) {
    if (time_ == nullptr) time_ = &outer.reactor();
    scope_.emplace(outer);
    deadline_.emplace(*time_, static_cast<TimerNode&>(*this),
                      absolute_ ? std::nullopt : std::optional(after_));
    return work_.begin(*scope_, waiter);
  }
  // A value that came although it came late is delivered. The scope ends after the work, which may
  // have scopes of its own inside.
  decltype(auto) await_resume() {
    deadline_.reset();
    const absl::Cleanup end_scope = [this] { scope_.reset(); };
    const bool by_deadline = timed_out_ && scope_ && !scope_->parent()->cancel_requested();
    try {
      return work_.resume();
    } catch (const Cancelled&) {
      if (by_deadline) throw TimedOut(make_error_code(Errc::timed_out), "with_timeout");
      throw;
    }
  }

 private:
  static void expired(TimerNode& node) noexcept {
    auto& self = static_cast<WithDeadline&>(node);
    self.timed_out_ = true;
    self.scope_->cancel();
  }

  ReactorTime* time_;
  Duration after_{};
  bool absolute_ = false;
  bool timed_out_ = false;
  Awaiting<A> work_;
  std::optional<TaskContext> scope_;
  std::optional<QueuedTimer> deadline_;
};

}  // namespace detail

// Awaits `work` for at most `after`; then its scope is cancelled, and what comes of that awaited.
//
// Example (tests/examples/timeout_example.cpp, "timeout"):
//
//   std::size_t size = co_await with_timeout(std::chrono::seconds(5), stream.read_some(buffer));
//
// Guarantees:   A value that arrived although late is returned.
// Errors:       TimedOut, if the time passed and not the scope around was cancelled.
// Cancellation: Cancellable; some bytes may have been transferred. Inherited by the work.
template <class A>
detail::WithDeadline<A> with_timeout(ReactorTime& time, Duration after, A&& work) {
  return detail::WithDeadline<A>(&time, after, std::forward<A>(work));
}
template <class A>
detail::WithDeadline<A> with_timeout(Duration after, A&& work) {
  return detail::WithDeadline<A>(nullptr, after, std::forward<A>(work));
}
// The same until a moment.
template <class A>
detail::WithDeadline<A> with_deadline(TimePoint due, A&& work) {
  return detail::WithDeadline<A>(nullptr, due, std::forward<A>(work));
}

}  // namespace coil
