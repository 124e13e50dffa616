// Task: a computation that has not started yet.
#pragma once

#include <coil/runtime/awaitable.h>
#include <coil/runtime/detail/child_scope.h>
#include <coil/runtime/detail/promise_base.h>
#include <coil/runtime/result.h>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>

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
  ~TaskPromise() { clear(); }
  // The default argument names the coroutine itself, so that a child knows where it came from.
  Task<T> get_return_object(std::source_location site = std::source_location::current()) noexcept;
  GoOn final_suspend() const noexcept { return GoOn(continuation_); }

  template <class U = T>
    requires std::is_convertible_v<U, T>
  void return_value(U&& value) {
    if constexpr (std::is_reference_v<T>) {
      outcome_.value = std::addressof(value);
    } else {
      std::construct_at(std::addressof(outcome_.value), std::forward<U>(value));
    }
    if constexpr (!std::is_trivially_destructible_v<Stored>) ended_ = Ended::with_value;
  }
  void unhandled_exception() noexcept {
    clear();
    std::construct_at(&outcome_.failure, std::current_exception());
    ended_ = Ended::with_failure;
  }

  void start(TaskContext& context, std::coroutine_handle<> awaiting) noexcept {
    PromiseBase::start(context);
    continuation_ = awaiting;
  }
  std::coroutine_handle<> continuation() const noexcept { return continuation_; }

  // A failure is taken before the frame is destroyed: whoever destroys that of a task which has
  // ended sees to it.
  bool failed() const noexcept { return ended_ == Ended::with_failure; }
  std::exception_ptr take_failure() noexcept { return std::move(outcome_.failure); }
  T take() {
    if (failed()) [[unlikely]]
      std::rethrow_exception(take_failure());
    if constexpr (std::is_reference_v<T>) {
      return static_cast<T>(*outcome_.value);
    } else {
      return std::move(outcome_.value);
    }
  }

 private:
  enum class Ended : std::uint8_t { not_yet, with_value, with_failure };
  union Outcome {
    Outcome() noexcept {}
    ~Outcome() {}
    Stored value;
    std::exception_ptr failure;
  };

  void clear() noexcept {
    if constexpr (!std::is_trivially_destructible_v<Stored>) {
      if (ended_ == Ended::with_value) std::destroy_at(std::addressof(outcome_.value));
    }
  }

  Outcome outcome_;
  Ended ended_ = Ended::not_yet;
  // Nothing until it starts. Not beside the context: gcc would store both as one vector, and who
  // reads one of them right after waits for that.
  union {
    std::coroutine_handle<> continuation_;
  };
};

// The task of a child: it has room for what a strand is, destroys itself when it ends, and tells
// the scope around it. A root is one without a scope, which the reactor keeps an eye on.
template <>
class TaskPromise<void> final : public PromiseBase {
 public:
  // Suspends a task that is awaited; a child goes on to the end of its frame.
  class GoOnIfAwaited final : public GoOn {
   public:
    using GoOn::GoOn;
    bool await_ready() const noexcept { return next_ == nullptr; }
  };

  TaskPromise() noexcept {}
  // The default argument names the coroutine itself, so that a child knows where it came from.
  Task<void> get_return_object(
      std::source_location site = std::source_location::current()) noexcept;
  GoOnIfAwaited final_suspend() noexcept {
    if (is_child()) {
      end_child();
      return GoOnIfAwaited(nullptr);
    }
    return GoOnIfAwaited(continuation_);
  }
  void return_void() noexcept {}
  void unhandled_exception() noexcept {
    if (is_child()) {
      child_threw();
    } else {
      room_.failure = std::current_exception();
    }
  }

  bool failed() const noexcept { return room_.failure != nullptr; }
  std::exception_ptr take_failure() noexcept { return std::move(room_.failure); }
  void take() {
    if (failed()) [[unlikely]]
      std::rethrow_exception(take_failure());
  }

  void start(TaskContext& context, std::coroutine_handle<> awaiting) noexcept {
    std::construct_at(&room_.failure);
    PromiseBase::start(context);
    continuation_ = awaiting;
  }
  // Makes it a child that waits for its turn; the hook is for the ready list.
  ListHook& become_child(ChildScope& scope) noexcept {
    scope.join().one_started();
    return *std::construct_at(&room_.start, *this, scope);
  }
  // The same for a root of that name, which lives as long as the program; its account of itself
  // says that it was written at `site`.
  ListHook& become_root(Reactor& reactor, NameBinding& name, std::source_location site) noexcept {
    set_site(site);
    return *std::construct_at(&room_.start, *this, reactor, name);
  }
  // Gives the child that is to be resumed, now that it is its turn.
  static std::coroutine_handle<> begin_child(ListHook& hook) noexcept {
    const Start& start = static_cast<Start&>(hook);
    TaskPromise& self = start.self;
    if (start.scope == nullptr) [[unlikely]]
      return begin_root(start);
    ChildScope& scope = *start.scope;
    TaskContext& own = *std::construct_at(&self.room_.context, scope, self.site());
    return self.begin_in(own);
  }

 private:
  struct Start : ListHook {
    Start(TaskPromise& task, ChildScope& around) noexcept : self(task), scope(&around) {}
    Start(TaskPromise& task, Reactor& its, NameBinding& given) noexcept
        : self(task), scope(nullptr), reactor(&its), name(&given) {}
    TaskPromise& self;
    ChildScope* scope;
    Reactor* reactor;  // These two are of a root, which has no scope.
    NameBinding* name;
  };
  union Room {
    Room() noexcept {}
    ~Room() {}
    std::exception_ptr failure;  // Of a task that is awaited.
    Start start;                 // Of a child or root that has not begun.
    TaskContext context;         // Of one that has.
  };

  static std::coroutine_handle<> begin_root(const Start& start) noexcept;
  std::coroutine_handle<> begin_in(TaskContext& own) noexcept {
    PromiseBase::start(own);
    continuation_ = nullptr;
    return std::coroutine_handle<TaskPromise>::from_promise(*this);
  }
  bool is_child() const noexcept { return continuation_ == nullptr; }
  bool is_root() const noexcept { return room_.context.parent() == nullptr; }
  ChildScope& scope() const noexcept { return static_cast<ChildScope&>(*room_.context.parent()); }
  // Out of line, to keep what is compiled for each task small.
  void child_threw() noexcept;
  void end_child() noexcept;
  [[gnu::noinline]] void end_child_with_rest() noexcept;
  void leave_scope() noexcept {
    ChildScope& around = scope();
    around.children_.remove(room_.context);
    around.join().one_ended();
  }

  Room room_;
  union {
    std::coroutine_handle<> continuation_;  // Nothing until it starts; of a child null.
  };
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
    if (frame_) [[unlikely]]
      drop();
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
    const Owned owned(frame_);
    return frame_.promise().take();
  }
  // The same, with what was thrown as an error; only Cancelled goes on being thrown.
  std::conditional_t<is_result<T>, T, Result<T>> take_result()
    requires(!std::is_reference_v<T>)
  {
    const Owned owned(frame_);
    TaskPromise<T>& promise = frame_.promise();
    if (promise.failed()) {
      Failure failure(promise.take_failure());
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
  // Destroys the frame, and says so last: the compiler then sees what the destructor finds.
  struct Owned {
    explicit Owned(Handle& owned) noexcept : frame(owned) {}
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    ~Owned() {
      frame.destroy();
      frame = nullptr;
    }
    Handle& frame;
  };

  // What ended, and whose result nobody took, may hold a failure.
  void drop() noexcept {
    if (frame_.done() && frame_.promise().failed()) {
      const std::exception_ptr dropped = frame_.promise().take_failure();
    }
    frame_.destroy();
  }

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

  // For scopes whose child it becomes: gives what the reactor starts it by.
  detail::ListHook& become_child(detail::ChildScope& scope) && noexcept
    requires std::is_void_v<T>
  {
    require_frame();
    return std::exchange(frame_, nullptr).promise().become_child(scope);
  }

  // The same for a root of that name, which lives as long as the program; see start_root.
  detail::ListHook& become_root(Reactor& reactor, detail::NameBinding& name,
                                std::source_location site) && noexcept
    requires std::is_void_v<T>
  {
    require_frame();
    return std::exchange(frame_, nullptr).promise().become_root(reactor, name, site);
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
Task<T> TaskPromise<T>::get_return_object(std::source_location site) noexcept {
  set_site(site);
  return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object(std::source_location site) noexcept {
  set_site(site);
  return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}

}  // namespace detail

}  // namespace coil
