// What can be awaited, and the one way in which compositions drive what they are given.
#pragma once

#include <coil/runtime/task_context.h>

#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

namespace coil {

namespace detail {

template <class A>
concept HasMemberCoAwait = requires(A&& work) { std::forward<A>(work).operator co_await(); };
template <class A>
concept HasFreeCoAwait = requires(A&& work) { operator co_await(std::forward<A>(work)); };
template <class A>
concept IsAwaiter = requires(std::remove_reference_t<A>& awaiter) {
  awaiter.await_ready();
  awaiter.await_resume();
};

template <class A>
decltype(auto) get_awaiter(A&& work) {
  if constexpr (HasMemberCoAwait<A>) {
    return std::forward<A>(work).operator co_await();
  } else if constexpr (HasFreeCoAwait<A>) {
    return operator co_await(std::forward<A>(work));
  } else {
    return static_cast<A&&>(work);
  }
}

// How a composition keeps the awaiter of A: by value where it can, so that the composition owns
// what it was given; by reference to what the caller's full expression keeps alive otherwise.
template <class A>
struct AwaiterStorage {
  using Got = decltype(get_awaiter(std::declval<A>()));
  using type = std::conditional_t<
      !std::is_reference_v<Got>, Got,
      std::conditional_t<std::is_rvalue_reference_v<Got> &&
                             std::is_move_constructible_v<std::remove_reference_t<Got>>,
                         std::remove_reference_t<Got>, std::remove_reference_t<Got>&>>;
};

// One awaitable, held by a composition and started under a context of the composition's choice.
template <class A>
class Awaiting {
 public:
  using Storage = typename AwaiterStorage<A&&>::type;

  explicit Awaiting(A&& work) : awaiter_(hold(std::forward<A>(work))) {}

  bool ready() { return awaiter_.await_ready(); }
  // Starts it; returns bool or a handle, as await_suspend does.
  template <class Promise>
  auto begin(TaskContext& context, std::coroutine_handle<Promise> waiter) {
    if constexpr (requires { awaiter_.begin(context, std::coroutine_handle<>(waiter)); }) {
      return awaiter_.begin(context, waiter);
    } else if constexpr (std::is_void_v<decltype(awaiter_.await_suspend(waiter))>) {
      awaiter_.await_suspend(waiter);
      return true;
    } else {
      return awaiter_.await_suspend(waiter);
    }
  }
  decltype(auto) resume() { return awaiter_.await_resume(); }
  std::remove_reference_t<Storage>& awaiter() noexcept { return awaiter_; }

 private:
  static decltype(auto) hold(A&& work) {
    if constexpr (std::is_reference_v<Storage>) {
      return static_cast<Storage>(work);
    } else {
      return get_awaiter(std::forward<A>(work));
    }
  }

  Storage awaiter_;
};

}  // namespace detail

// Awaitable: what co_await accepts inside a Task.
template <class A>
concept Awaitable =
    detail::HasMemberCoAwait<A> || detail::HasFreeCoAwait<A> || detail::IsAwaiter<A>;

// The type that `co_await work` has.
template <class A>
using await_result_t =
    decltype(std::declval<std::remove_reference_t<typename detail::AwaiterStorage<A&&>::type>&>()
                 .await_resume());

// AwaitableOf<T>: an Awaitable whose result converts to T.
template <class A, class T>
concept AwaitableOf =
    Awaitable<A> && (std::is_void_v<T> || std::convertible_to<await_result_t<A>, T>);

}  // namespace coil
