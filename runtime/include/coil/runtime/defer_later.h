// deferLater: a call that is made later, and a Deferred of what it gives.
#pragma once

#include <coil/runtime/deferred.h>
#include <coil/runtime/detail/called_on.h>
#include <coil/runtime/reactor_time.h>

#include <concepts>
#include <functional>
#include <memory>
#include <source_location>
#include <utility>

namespace coil {

// Fires after `delay`; a coroutine awaits callLater(delay) or sleep(delay) instead.
//
// Example (tests/examples/looping_call_example.cpp, "deferLater"):
//
//   Deferred<int> sum = deferLater(reactor, std::chrono::milliseconds(5), std::plus<>(), 1, 2);
//
// Errors:       std::invalid_argument for a negative delay.
// Cancellation: Cancellable; if cancelled, nothing was transferred. The call is not made then.
// Source:       Twisted's task.deferLater.
inline Deferred<void> deferLater(ReactorTime& time, Duration delay,
                                 std::source_location site = std::source_location::current()) {
  auto call = std::make_shared<DelayedCall>();
  Deferred<void> deferred{Deferred<void>::Canceller([call] { call->cancel(); }), site};
  *call = time.callLater(delay, [deferred]() mutable { deferred.callback(); });
  return deferred;
}
// Calls function(args...) then, and goes on with whatever comes of it.
template <class F, class... A>
  requires std::invocable<F&, A...>
auto deferLater(detail::CalledOn<ReactorTime> time, Duration delay, F function, A... args) {
  using U = typename detail::DeferredValue<std::invoke_result_t<F&, A...>>::type;
  auto call = [function = std::move(function), ... args = std::move(args)]() mutable {
    return std::invoke(function, std::move(args)...);
  };
  return Deferred<U>(deferLater(time.object(), delay, time.site()).addCallback(std::move(call)));
}

}  // namespace coil
