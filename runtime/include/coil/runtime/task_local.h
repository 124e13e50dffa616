// TaskLocal: a value that a task shares with everything it awaits and spawns.
#pragma once

#include <coil/runtime/awaitable.h>
#include <coil/runtime/task.h>

#include <absl/cleanup/cleanup.h>

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace coil {

// TaskLocal<T>: the name of a value that is bound for the length of a task.
//
// Example (tests/examples/task_local_example.cpp, "request id"):
//
//   const TaskLocal<std::string> request_id;
//
//   Task<void> note(std::string_view text) {
//     const std::string* id = co_await request_id.get();
//     std::printf("[%s] %s\n", id ? id->c_str() : "-", std::string(text).c_str());
//   }
//   Task<void> serve_one(std::string id) {
//     co_await with_local(request_id, std::move(id), note("received"));
//   }
//
// Requires:   The object outlives what it is bound for; it is usually static.
// Guarantees: What was bound last, on the way from the root to the asking task, is what is found.
//             Roots (run, Deferred::fromCoroutine, a Protocol's connection) begin with nothing.
// Threads:    Reactor thread only.
// Cost:       Finding walks the bindings in force; what does not ask pays nothing.
template <class T>
class TaskLocal {
 public:
  TaskLocal() noexcept {}
  TaskLocal(const TaskLocal&) = delete;
  TaskLocal& operator=(const TaskLocal&) = delete;

  // The value that is bound for the tasks of `context`; null if none is.
  const T* find(const TaskContext& context) const noexcept {
    const detail::LocalBinding* binding = context.locals_;
    while (binding != nullptr && binding->key != this) binding = binding->outer;
    return binding == nullptr ? nullptr : static_cast<const T*>(binding->value);
  }

  // Get: what co_await gives for get(): the awaiting task's value, without waiting.
  //
  // Example (tests/examples/task_local_example.cpp, "request id"):
  //
  //   const std::string* id = co_await request_id.get();
  class [[nodiscard]] Get {
   public:
    explicit Get(const TaskLocal& local) noexcept : local_(local) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
      return begin(waiter.promise().context(), waiter);
    }
    bool begin(TaskContext& context, std::coroutine_handle<>) noexcept {
      value_ = local_.find(context);
      return false;
    }
    const T* await_resume() const noexcept { return value_; }

   private:
    const TaskLocal& local_;
    const T* value_ = nullptr;
  };
  // The awaiting task's value; null if none is bound.
  Get get() const noexcept { return Get(*this); }

  // For with_local: `binding` is in force for the tasks of `scope` until both end.
  void bind(TaskContext& scope, detail::LocalBinding& binding, const T& value) const noexcept {
    binding.key = this;
    binding.value = &value;
    binding.outer = std::exchange(scope.locals_, &binding);
  }
};

namespace detail {

template <class T, class U>
class [[nodiscard]] WithLocal {
 public:
  WithLocal(const TaskLocal<T>& local, T value,
            Task<U> work) noexcept(std::is_nothrow_move_constructible_v<T>)
      : local_(local), value_(std::move(value)), work_(std::move(work)) {}
  // Only before it was awaited: then there is no scope yet.
  WithLocal(WithLocal&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
      : local_(other.local_), value_(std::move(other.value_)), work_(std::move(other.work_)) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> waiter) {
    return begin(waiter.promise().context(), waiter);
  }
  auto begin(TaskContext& outer, std::coroutine_handle<> waiter) {
    scope_.emplace(outer);
    local_.bind(*scope_, binding_, value_);
    return work_.begin(*scope_, waiter);
  }
  U await_resume() {
    const absl::Cleanup end_scope = [this] { scope_.reset(); };  // After the work itself.
    return work_.resume();
  }

 private:
  const TaskLocal<T>& local_;
  T value_;
  Awaiting<Task<U>> work_;
  LocalBinding binding_;
  std::optional<TaskContext> scope_;
};

}  // namespace detail

// Awaits `work` with `local` bound to `value`: for it, for what it awaits and for what it spawns.
//
// Example (tests/examples/task_local_example.cpp, "request id"):
//
//   co_await with_local(request_id, std::move(id), note("received"));
//
// Guarantees:   The value stays where it is until `work` has ended. A binding inside hides one
//               outside, for as long as it lasts.
// Errors:       What `work` throws.
// Cancellation: Cancellable; some bytes may have been transferred. Inherited by `work`.
template <class T, class U>
detail::WithLocal<T, U> with_local(const TaskLocal<T>& local, std::type_identity_t<T> value,
                                   Task<U> work) {
  return detail::WithLocal<T, U>(local, std::move(value), std::move(work));
}

}  // namespace coil
