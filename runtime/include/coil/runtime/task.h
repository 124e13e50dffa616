// Task: a computation that has not started yet.
#pragma once

#include <coil/runtime/awaitable.h>
#include <coil/runtime/detail/promise_base.h>
#include <coil/runtime/result.h>

#include <coroutine>
#include <exception>
#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>
#include <variant>

namespace coil {

template <class T = void>
class Task;

namespace detail {

// Says in debug builds that a task was dropped without ever having been awaited.
void report_never_awaited(std::source_location site) noexcept;

template <class T>
class TaskPromise final : public PromiseBase {
  using Stored =
      std::conditional_t<std::is_reference_v<T>, std::add_pointer_t<std::remove_reference_t<T>>, T>;

 public:
  TaskPromise() noexcept {}
  Task<T> get_return_object() noexcept;

  template <class U = T>
    requires std::is_convertible_v<U, T>
  void return_value(U&& value) {
    if constexpr (std::is_reference_v<T>) {
      outcome_.template emplace<1>(std::addressof(value));
    } else {
      outcome_.template emplace<1>(std::forward<U>(value));
    }
  }
  void unhandled_exception() noexcept { outcome_.template emplace<2>(std::current_exception()); }

  bool failed() const noexcept { return outcome_.index() == 2; }
  std::exception_ptr exception() const noexcept { return std::get<2>(outcome_); }
  T take() {
    if (failed()) std::rethrow_exception(std::get<2>(std::move(outcome_)));
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*std::get<1>(outcome_));
    } else {
      return std::get<1>(std::move(outcome_));
    }
  }

 private:
  std::variant<std::monostate, Stored, std::exception_ptr> outcome_;
};

template <>
class TaskPromise<void> final : public PromiseBase {
 public:
  TaskPromise() noexcept {}
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  bool failed() const noexcept { return exception_ != nullptr; }
  std::exception_ptr exception() const noexcept { return exception_; }
  void take() {
    if (exception_) std::rethrow_exception(std::move(exception_));
  }

 private:
  std::exception_ptr exception_;
};

// Owns one started or unstarted frame; destroys it the moment its result was taken.
template <class T>
class [[nodiscard]] TaskAwaiter {
 public:
  using Handle = std::coroutine_handle<TaskPromise<T>>;

  explicit TaskAwaiter(Handle frame) noexcept : frame_(frame) {}
  TaskAwaiter(TaskAwaiter&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  TaskAwaiter& operator=(TaskAwaiter&&) = delete;
  ~TaskAwaiter() {
    if (frame_) frame_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    return begin(waiter.promise().context(), waiter);
  }
  std::coroutine_handle<> begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
    frame_.promise().start(context, waiter);
    return transfer(frame_);
  }
  // The frame goes before the awaiting side goes on, also when or_return left it half-way.
  T await_resume() {
    Owned owned(std::exchange(frame_, nullptr));
    return owned.frame.promise().take();
  }
  // The same, with what was thrown as an error; only Cancelled goes on being thrown.
  std::conditional_t<is_result<T>, T, Result<T>> take_result()
    requires(!std::is_reference_v<T>)
  {
    Owned owned(std::exchange(frame_, nullptr));
    TaskPromise<T>& promise = owned.frame.promise();
    if (promise.failed()) {
      Failure failure(promise.exception());
      if (failure.is_cancelled()) failure.raiseException();
      return Error(std::move(failure));
    }
    if constexpr (std::is_void_v<T>) {
      return {};
    } else {
      return promise.take();
    }
  }

 private:
  struct Owned {
    explicit Owned(Handle owned) noexcept : frame(owned) {}
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() { frame.destroy(); }
    Handle frame;
  };

  Handle frame_;
};

}  // namespace detail

// Task<T>: a lazy coroutine with one owner; awaiting it starts it and gives its T.
//
// Example (tests/examples/task_example.cpp, "answer"):
//
//   Task<int> half(int number) { co_return number / 2; }
//   Task<int> answer() {
//     int first = co_await half(42);
//     int second = co_await half(42);
//     co_return first + second;
//   }
//
// Requires:     Awaited at most once, as an rvalue, inside another task or by run(). What its
//               arguments refer to outlives it.
// Guarantees:   Nothing of the body runs before it is awaited. Awaiting takes constant stack: a
//               chain of a million awaits is as deep as one.
// Errors:       What the body throws is thrown at the co_await.
// Cancellation: Cancellable; some bytes may have been transferred. Inherited from the awaiting
//               task; see cancellation.h.
// Cost:         One frame from the thread's recycled pool.
template <class T>
class [[nodiscard]] Task {
 public:
  using value_type = T;
  using promise_type = detail::TaskPromise<T>;

  Task() noexcept {}
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      drop();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~Task() { drop(); }

  // False for a default, moved-from or awaited task.
  bool valid() const noexcept { return frame_ != nullptr; }
  // Where the coroutine was written. Requires: valid().
  std::source_location site() const noexcept {
    require_frame();
    return frame_.promise().site();
  }
  // Destroys the frame without running it, on purpose: no debug report.
  void discard() noexcept {
    if (frame_) std::exchange(frame_, nullptr).destroy();
  }

  detail::TaskAwaiter<T> operator co_await() && noexcept {
    require_frame();
    return detail::TaskAwaiter<T>(std::exchange(frame_, nullptr));
  }
  // Refused: a named task is awaited as `co_await std::move(task)`, which shows that it is used up.
  template <class Self = Task>
  detail::TaskAwaiter<T> operator co_await() const& noexcept {
    static_assert(!std::is_same_v<Self, Task>,
                  "a task is awaited once: write co_await std::move(task)");
    return detail::TaskAwaiter<T>(nullptr);
  }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}

  void require_frame() const noexcept {
    if (!frame_) contract_violation("an empty task was awaited: default, moved from, or used up");
  }
  void drop() noexcept {
    if (!frame_) return;
#ifndef NDEBUG
    if (std::uncaught_exceptions() == 0) detail::report_never_awaited(site());
#endif
    discard();
  }

  std::coroutine_handle<promise_type> frame_;
};

namespace detail {

template <class T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}

}  // namespace detail

}  // namespace coil
