// TaskGroup: a scope that no child task escapes.
#pragma once

#include <coil/runtime/awaitable.h>
#include <coil/runtime/detail/closure_in_place.h>
#include <coil/runtime/detail/strand.h>
#include <coil/runtime/result.h>
#include <coil/runtime/sleep.h>
#include <coil/runtime/task.h>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace coil {

namespace detail {

template <class T>
inline constexpr bool is_reference_wrapper = false;
template <class T>
inline constexpr bool is_reference_wrapper<std::reference_wrapper<T>> = true;

// Runs work under a context of its own choice.
template <class A>
class [[nodiscard]] Under {
 public:
  Under(TaskContext& context, A&& work) : context_(context), work_(std::forward<A>(work)) {}
  bool await_ready() { return work_.ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> waiter) {
    return work_.begin(context_, waiter);
  }
  decltype(auto) await_resume() { return work_.resume(); }

 private:
  TaskContext& context_;
  Awaiting<A> work_;
};
template <class A>
Under<A> under(TaskContext& context, A&& work) {
  return Under<A>(context, std::forward<A>(work));
}

}  // namespace detail

// OutlivesGroup: a reference argument that the caller vouches for; see outlives_group().
//
// Example (tests/examples/group_example.cpp, "outlives"):
//
//   group.spawn(&count, outlives_group(total));
template <class T>
class OutlivesGroup {
 public:
  explicit OutlivesGroup(T& object) noexcept : object_(&object) {}
  T& get() const noexcept { return *object_; }

 private:
  T* object_;
};
// Says that `object` is declared in the frame that awaits with_task_group, or further out.
template <class T>
OutlivesGroup<T> outlives_group(T& object) noexcept {
  return OutlivesGroup<T>(object);
}

namespace detail {

template <class T>
T&& group_argument(T& stored) noexcept {
  return static_cast<T&&>(stored);
}
template <class T>
T& group_argument(OutlivesGroup<T>& stored) noexcept {
  return stored.get();
}
// What the function of a child is called with, given what is stored of an argument.
template <class A>
using GroupArgument = decltype(detail::group_argument(std::declval<A&>()));

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<Task<T>> = true;

// Whether a parameter P of a coroutine is a value of its own, whatever becomes of the argument A: a
// view or a reference would go on referring to that.
template <class P, class A>
inline constexpr bool takes_copy =
    std::is_same_v<P, A> || (std::is_scalar_v<P> && std::is_scalar_v<A>);
template <class T>
inline constexpr bool takes_copy<T&, OutlivesGroup<T>> = true;
template <class T>
inline constexpr bool takes_copy<const T&, OutlivesGroup<T>> = true;

// A pointer to the function that F is, if it is nothing else: a closure without captures is one.
template <class F>
struct FunctionOf {
  using type = void;
};
template <class F>
  requires requires(F body) { +body; }
struct FunctionOf<F> {
  using type = decltype(+std::declval<F>());
};
template <class F>
using function_of = typename FunctionOf<F>::type;

// Whether the frame of the coroutine that F is keeps all that it needs: that of a plain function
// which copies its parameters.
template <class F, class... A>
inline constexpr bool frame_keeps_all = false;
template <class... P, class... A>
inline constexpr bool frame_keeps_all<Task<void> (*)(P...), A...> = (takes_copy<P, A> && ...);

}  // namespace detail

// TaskGroup: children that run side by side and have all ended when the group ends.
//
// Example (tests/examples/group_example.cpp, "greet"):
//
//   auto body = [](TaskGroup& group) -> Task<void> {
//     group.spawn(&greet, std::string("Ada"));
//     group.spawn(&greet, std::string("Grace"));
//     co_return;
//   };
//   co_await with_task_group(body);            // Both have been greeted.
//
// Requires:     Children outlive the locals of the group's body: what they refer to is declared
//               in the frame that awaits with_task_group, and said with outlives_group.
// Guarantees:   Every child has ended when with_task_group returns. The first failure cancels the
//               body and the other children and is thrown where the group ends. A child that ends
//               with an error in its Result has failed.
// Cancellation: Cancellable; some bytes may have been transferred. Inherited by every child. The
//               group throws Cancelled where it ends if the scope around it was cancelled and its
//               body or a child ended for that reason.
class TaskGroup final : private detail::ChildScope {
 public:
  explicit TaskGroup(TaskContext& outer) noexcept : ChildScope(outer) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Calls body(arguments...) and starts its task from the loop. All are moved into the child:
  // nothing can dangle. A function that copies all its parameters is called at once, since the
  // frame of its task keeps them; any other is kept with its arguments, and called from the loop.
  // `body` is a function, not a task that was made already; a parameter of it that is a reference
  // is given as outlives_group(x).
  template <class F, class... A>
  void spawn(F body, A... arguments) {
    static_assert((!detail::is_reference_wrapper<A> && ...),
                  "a child may outlive what a reference names: pass a value, or outlives_group(x)");
    constexpr bool callable = std::is_invocable_v<F, detail::GroupArgument<A>...>;
    static_assert(callable,
                  "the function of a child cannot be called with these arguments, which are moved "
                  "into the child: give outlives_group(x) for a parameter that is a reference");
    if constexpr (callable) {
      constexpr bool gives_task =
          detail::is_task<std::invoke_result_t<F, detail::GroupArgument<A>...>>;
      static_assert(gives_task, "the function of a child returns a Task");
      if constexpr (gives_task) {
        if constexpr (detail::frame_keeps_all<detail::function_of<F>, A...>) {
          try {
            detail::start_child(*this,
                                std::invoke(std::move(body), detail::group_argument(arguments)...));
          } catch (...) {
            child_threw();
          }
        } else {
          detail::start_child(*this,
                              run_child<F, A...>(*this, std::move(body), std::move(arguments)...));
        }
      }
    }
  }
  // Refused: a task that was made already may refer to what goes before the group.
  template <class T>
  void spawn(const Task<T>&) {
    static_assert(!detail::is_task<Task<T>>,
                  "spawn takes a function and its arguments, not a task that was made already: "
                  "write group.spawn(&f, x) for f(x)");
  }
  // Asks the body and every child to end.
  void cancel() noexcept { TaskContext::cancel(); }
  // Children that have not ended.
  std::size_t size() const noexcept { return join().live(); }
  // Failures beyond the first, which were not thrown.
  std::size_t further_failures() const noexcept { return failures_ > 1 ? failures_ - 1 : 0; }

  // For compositions.
  TaskContext& context() noexcept { return *this; }
  using ChildScope::join;
  void failed(std::exception_ptr failure) noexcept {
    if (failures_++ == 0) first_failure_ = std::move(failure);
    cancel();
  }
  bool has_failed() const noexcept { return failures_ != 0; }
  // What the group comes to, apart from its body.
  void rethrow_failure() const {
    if (first_failure_) std::rethrow_exception(first_failure_);
    if (gave_up_ && parent()->cancel_requested()) throw Cancelled();
  }

 private:
  template <class F, class... A>
  static Task<void> run_child(TaskGroup& group, F body, A... arguments) {
    auto task = std::invoke(std::move(body), detail::group_argument(arguments)...);
    TaskContext& own = co_await current_context();
    own.set_site(task.site());
    using T = typename decltype(task)::value_type;
    if constexpr (is_result<T>) {
      T result = co_await std::move(task);
      if (!result) group.failed(result.error().failure().exception());
    } else {
      static_cast<void>(co_await std::move(task));
    }
  }
  void child_failed(std::exception_ptr failure) noexcept override { failed(std::move(failure)); }
  void child_gave_up() noexcept override { gave_up_ = true; }

  std::size_t failures_ = 0;
  bool gave_up_ = false;  // A child ended because it was cancelled.
  std::exception_ptr first_failure_;
};

namespace detail {

template <class F>
concept IsGroupBody =
    std::is_invocable_v<F&, TaskGroup&> && is_task<std::invoke_result_t<F&, TaskGroup&>>;

template <class F>
auto run_group(F body) -> std::invoke_result_t<F&, TaskGroup&> {
  using T = typename std::invoke_result_t<F&, TaskGroup&>::value_type;
  using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;
  TaskContext& outer = co_await current_context();
  TaskGroup group(outer);
  std::optional<Stored> value;
  std::exception_ptr thrown;
  try {
    auto task = body(group);
    if constexpr (std::is_void_v<T>) {
      co_await under(group.context(), std::move(task));
      value.emplace();
    } else {
      value.emplace(co_await under(group.context(), std::move(task)));
    }
  } catch (const Cancelled&) {
    thrown = std::current_exception();
    group.cancel();
  } catch (...) {
    group.failed(std::current_exception());
  }
  // What goes with the frame of the last child may have spawned another.
  while (group.size() != 0) co_await group.join().wait();
  group.rethrow_failure();
  if (thrown) std::rethrow_exception(thrown);
  if constexpr (!std::is_void_v<T>) co_return std::move(*value);
}

}  // namespace detail

// Runs `body` with a group and returns its value when every child has ended.
template <class F>
auto with_task_group(F&& body) {
  constexpr bool callable = detail::IsGroupBody<std::decay_t<F>>;
  static_assert(callable,
                "the body of a group is called with a TaskGroup& and returns a Task: "
                "[](TaskGroup& group) -> Task<void> { ... }");
  if constexpr (callable) {
    detail::refuse_closure_in_place<F>();
    return detail::run_group<std::decay_t<F>>(std::forward<F>(body));
  } else {
    return Task<void>();
  }
}

}  // namespace coil
