// What a task does about itself: sleep, give way, and ask where it runs.
#pragma once

#include <coil/runtime/reactor.h>
#include <coil/runtime/task_context.h>

#include <coroutine>

namespace coil {

// Waits for `after` on the reactor of the awaiting task.
//
// Example (tests/examples/timer_example.cpp, "sleep"):
//
//   co_await sleep(std::chrono::milliseconds(250));
//
// Errors:       std::invalid_argument for a negative delay.
// Cancellation: Cancellable; if cancelled, nothing was transferred.
inline TimerAwait sleep(Duration after) { return TimerAwait(nullptr, after); }
// Waits until `due`; a moment that has passed still gives way to the loop once.
inline TimerAwait sleep_until(TimePoint due) noexcept { return TimerAwait(nullptr, due); }

// YieldAwait: what co_await yield() waits for: everybody who is ready now.
//
// Example (tests/examples/timer_example.cpp, "yield"):
//
//   while (work_left()) {
//     do_a_little();
//     co_await yield();
//   }
//
// Cancellation: Cancellable; if cancelled, nothing was transferred.
class [[nodiscard]] YieldAwait final : public Suspension {
 public:
  YieldAwait() noexcept {}
  YieldAwait(YieldAwait&& other) noexcept { other.require_idle(); }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
    if (!enter_ready(context, waiter)) return false;
    context.reactor().yield(*this);
    return true;
  }
  void await_resume() const { check_cancelled(); }
};
inline YieldAwait yield() noexcept { return YieldAwait(); }

// CurrentContext: co_await current_context() gives the awaiting task's context, without waiting.
//
// Example (tests/examples/task_context_example.cpp, "current"):
//
//   TaskContext& context = co_await current_context();
//   context.set_name("indexer");
class [[nodiscard]] CurrentContext {
 public:
  CurrentContext() noexcept {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<>) noexcept {
    context_ = &context;
    return false;
  }
  TaskContext& await_resume() const noexcept { return *context_; }

 private:
  TaskContext* context_ = nullptr;
};
inline CurrentContext current_context() noexcept { return CurrentContext(); }

// CurrentReactor: co_await current_reactor() gives the reactor that the task runs on.
//
// Example (tests/examples/task_context_example.cpp, "current"):
//
//   Reactor& reactor = co_await current_reactor();
class [[nodiscard]] CurrentReactor {
 public:
  CurrentReactor() noexcept {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<>) noexcept {
    reactor_ = &context.reactor();
    return false;
  }
  Reactor& await_resume() const noexcept { return *reactor_; }

 private:
  Reactor* reactor_ = nullptr;
};
inline CurrentReactor current_reactor() noexcept { return CurrentReactor(); }

}  // namespace coil
