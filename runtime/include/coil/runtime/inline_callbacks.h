// maybeDeferred and inlineCallbacks: a Deferred of whatever a function does.
#pragma once

#include <coil/runtime/deferred.h>
#include <coil/runtime/detail/called_on.h>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace coil {

namespace detail {

template <class F, class... A>
using deferred_value_t = typename DeferredValue<std::invoke_result_t<F, A...>>::type;

template <class R>
struct TaskValue {
  static constexpr bool is_task = false;
  using type = typename DeferredValue<R>::type;
};
template <class T>
struct TaskValue<Task<T>> {
  static constexpr bool is_task = true;
  using type = T;
};

// The frame owns the function and its arguments: a closure's captures live as long as the task.
template <class T, class F, class... A>
Task<T> call_in_frame(F function, A... args) {
  co_return co_await std::invoke(function, std::move(args)...);
}

}  // namespace detail

// Calls `function` and gives whatever comes of it: a value, an exception, a Failure, a Result or a
// Deferred.
//
// Example (tests/examples/deferred_example.cpp, "maybe"):
//
//   Deferred<std::string> host = maybeDeferred(look_up, name);
//   host.addErrback([](Failure) { return std::string("unknown"); });
//
// Source: Twisted's maybeDeferred.
template <class F, class... A>
  requires std::invocable<F&, A...>
auto maybeDeferred(F function, A... args) -> Deferred<detail::deferred_value_t<F&, A...>> {
  using R = std::invoke_result_t<F&, A...>;
  using U = typename detail::DeferredValue<R>::type;
  static_assert(!detail::TaskValue<R>::is_task,
                "a task needs a reactor to run on: maybeDeferred(reactor, function, args...)");
  try {
    if constexpr (std::is_void_v<R>) {
      std::invoke(function, std::move(args)...);
      return succeed();
    } else if constexpr (std::same_as<R, Deferred<U>>) {
      return std::invoke(function, std::move(args)...);
    } else {
      Deferred<U> deferred;
      if constexpr (std::same_as<R, Failure>) {
        deferred.errback(std::invoke(function, std::move(args)...));
      } else if constexpr (std::same_as<R, Result<U>>) {
        deferred.fire(std::invoke(function, std::move(args)...));
      } else {
        deferred.callback(std::invoke(function, std::move(args)...));
      }
      return deferred;
    }
  } catch (...) {
    return fail<U>(Failure::current());
  }
}

// Runs the coroutine function(args...) as a root of the reactor; a Deferred gives what comes of it.
//
// Example (tests/examples/deferred_example.cpp, "inlineCallbacks"):
//
//   auto sum = [&](int more) -> Task<int> {
//     int value = co_await first_answer();
//     co_return value + more;
//   };
//   Deferred<int> total = inlineCallbacks(reactor, sum, 2);
//
// Requires:     In a co_await expression, a closure that was named before.
// Guarantees:   It begins in a later step of the loop, never inside this call: coroutines run from
//               the loop, one at a time. Function and arguments live as long as the coroutine.
// Cancellation: Cancellable; some bytes may have been transferred. cancel() goes to the Deferred
//               that is awaited, and the await throws Cancelled if a CancelledError comes of that;
//               the coroutine may catch it, throw something else, or return. The Deferred fires
//               when it has ended, also if its clean-up waits, under shielded().
// Source:       Twisted's inlineCallbacks.
template <class F, class... A>
  requires std::invocable<F&, A...>
auto inlineCallbacks(detail::CalledOn<Reactor> reactor, F function, A... args) {
  using T = typename detail::TaskValue<std::invoke_result_t<F&, A...>>::type;
  return Deferred<T>::fromCoroutine(
      reactor.object(), detail::call_in_frame<T>(std::move(function), std::move(args)...),
      reactor.site());
}
// The same for a task that was made already.
template <class T>
Deferred<T> inlineCallbacks(Reactor& reactor, Task<T> task) {
  return Deferred<T>::fromCoroutine(reactor, std::move(task));
}

// maybeDeferred for functions that may also be coroutines.
template <class F, class... A>
  requires std::invocable<F&, A...>
auto maybeDeferred(detail::CalledOn<Reactor> reactor, F function, A... args)
    -> Deferred<typename detail::TaskValue<std::invoke_result_t<F&, A...>>::type> {
  if constexpr (detail::TaskValue<std::invoke_result_t<F&, A...>>::is_task) {
    return inlineCallbacks(reactor, std::move(function), std::move(args)...);
  } else {
    return maybeDeferred(std::move(function), std::move(args)...);
  }
}

}  // namespace coil
