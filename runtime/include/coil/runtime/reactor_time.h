// ReactorTime: the narrow interface that timers need.
#pragma once

#include <coil/runtime/delayed_call.h>
#include <coil/runtime/suspension.h>
#include <coil/runtime/task_context.h>
#include <coil/runtime/time_point.h>
#include <coil/runtime/timer_node.h>

#include <coroutine>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace coil {

class ReactorTime;

namespace detail {

class TimerQueue;

// A timer node in the queue for as long as this lives; for awaiters that have a time limit.
class QueuedTimer {
 public:
  // Without `after` the node is due when it says itself.
  QueuedTimer(ReactorTime& time, TimerNode& node, std::optional<Duration> after) noexcept;
  QueuedTimer(const QueuedTimer&) = delete;
  QueuedTimer& operator=(const QueuedTimer&) = delete;
  ~QueuedTimer();

 private:
  ReactorTime& time_;
  TimerNode& node_;
};

}  // namespace detail

// TimerAwait: what co_await callLater(delay) and sleep(delay) wait for.
//
// Example (tests/examples/timer_example.cpp, "awaited"):
//
//   co_await reactor.callLater(std::chrono::milliseconds(20));
//
// Errors:       std::invalid_argument for a negative delay.
// Cancellation: Cancellable; if cancelled, nothing was transferred.
class [[nodiscard]] TimerAwait final : public Suspension, private TimerNode {
 public:
  // Without `time` it is the reactor of the awaiting task.
  TimerAwait(ReactorTime* time, Duration after);
  TimerAwait(ReactorTime* time, TimePoint when) noexcept
      : Suspension(&cancelled), TimerNode(&expired), time_(time), absolute_(true) {
    due = when;
  }
  TimerAwait(TimerAwait&& other) noexcept
      : Suspension(static_cast<Suspension&&>(other)),
        TimerNode(&expired),
        time_(other.time_),
        after_(other.after_),
        absolute_(other.absolute_) {
    due = other.due;
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept;
  void await_resume() const { check_cancelled(); }

 private:
  static void expired(TimerNode& node) noexcept;
  static void cancelled(Suspension& self) noexcept;

  ReactorTime* time_;
  Duration after_{};
  bool absolute_ = false;
};

// ReactorTime: a clock and the calls that it makes later.
//
// Example (tests/examples/timer_example.cpp, "callLater"):
//
//   void beep_twice(ReactorTime& time) {
//     time.callLater(std::chrono::seconds(1), [] { std::puts("beep"); });
//     DelayedCall second = time.callLater(std::chrono::seconds(2), [] { std::puts("beep"); });
//     second.cancel();
//   }
//
// Guarantees: now() does not change during one resumption or callback. Calls are made in the order
//             of their due times, and those with equal times in the order of their creation. A call
//             is never early, and a call with no delay is made in a later turn.
// Errors:     std::invalid_argument for a negative delay.
// Source:     Twisted's IReactorTime.
class ReactorTime {
 public:
  ReactorTime(const ReactorTime&) = delete;
  ReactorTime& operator=(const ReactorTime&) = delete;
  virtual ~ReactorTime();

  virtual TimePoint now() const noexcept = 0;
  // The same in seconds, with no promised relation to the time of day.
  double seconds() const noexcept {
    return std::chrono::duration<double>(now().time_since_epoch()).count();
  }
  // Calls `call` once. Small ones are built where they stay until then, without an allocation.
  template <class F>
    requires std::is_invocable_v<std::decay_t<F>>
  DelayedCall callLater(Duration after, F&& call) {
    using Function = std::decay_t<F>;
    if constexpr (detail::QueuedCall::holds<Function, F>) {
      detail::QueuedCall& node = begin_call(after, detail::QueuedCall::type_of<Function>);
      ::new (node.place()) Function(std::forward<F>(call));
      return DelayedCall(&node);
    } else {
      return callLater(after, Callback(std::forward<F>(call)));
    }
  }
  // The awaitable timer.
  TimerAwait callLater(Duration after) { return TimerAwait(this, after); }
  // Every call that is still to be made, soonest first.
  std::vector<DelayedCall> getDelayedCalls() const;

 protected:
  explicit ReactorTime(TimePoint start);

  detail::TimerQueue& timers() const noexcept { return *timers_; }
  std::vector<TimerNode*> queued_timers() const;

  // The moment that delays count from, not before now(). TimePoint() where the time is yet to be
  // read: no clock is behind that, so that who compares the two needs no flag besides.
  mutable TimePoint delay_base_;

 private:
  friend class TimerAwait;
  friend class detail::QueuedCall;
  friend class detail::QueuedTimer;

  // Queues a node, whose function is yet to be built.
  detail::QueuedCall& begin_call(Duration after, const detail::QueuedCall::FunctionType& type);
  // Queues a node that says itself when it is due …
  void add_timer(TimerNode& node) noexcept;
  // … or one that is due `after` from now.
  void add_timer(TimerNode& node, Duration after) noexcept;
  void remove_timer(TimerNode& node) noexcept;

  TimePoint delay_base() noexcept;
  // A clock that is cheap and may lag by milliseconds.
  virtual TimePoint read_coarse_clock() const noexcept = 0;
  // Moves delay_base_ to the true time, and gives it.
  virtual TimePoint renew_delay_base() noexcept = 0;
  // Finishes an awaited timer; called while its node is being fired.
  virtual void expire(Suspension& waiter) noexcept = 0;
  // Reports the exception that a call let escape.
  virtual void report_failed_call() noexcept;

  std::unique_ptr<detail::TimerQueue> timers_;
};

}  // namespace coil
