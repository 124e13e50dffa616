// LoopingCall: a function that is called again and again.
#pragma once

#include <coil/runtime/inline_callbacks.h>
#include <coil/runtime/reactor_time.h>

#include <absl/functional/any_invocable.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>

namespace coil {

// LoopingCall: calls a function at the multiples of an interval, counted from its start.
//
// Example (tests/examples/looping_call_example.cpp, "looping call"):
//
//   LoopingCall beat(reactor, [&] { std::puts("still here"); });
//   Deferred<void> ended = beat.start(std::chrono::seconds(30));
//   beat.stop();   // Fires `ended`.
//
// Requires:     The clock outlives it.
// Guarantees:   The function may return anything, a Deferred, or, on a Reactor, a Task: the next
//               call waits for its end. Multiples that passed meanwhile are skipped, never made up
//               for. With an interval of zero it is called once in each turn. Destroying it stops
//               it and cancels what it waits for.
// Errors:       std::invalid_argument for a negative interval; std::logic_error for start() while
//               it runs, and for stop() and reset() while it does not. A failure of the function
//               ends the loop and goes to the Deferred.
// Cancellation: Cancellable; if cancelled, nothing was transferred. Cancelling the Deferred stops
//               it, and cancels what the function is waiting for.
// Source:       Twisted's task.LoopingCall.
class LoopingCall {
 public:
  template <std::derived_from<ReactorTime> Time, class F>
    requires std::invocable<F&>
  LoopingCall(Time& time, F function)
      : LoopingCall(time, adapted(time, std::move(function)), false) {}
  LoopingCall(const LoopingCall&) = delete;
  LoopingCall& operator=(const LoopingCall&) = delete;
  ~LoopingCall();

  // The function gets the number of multiples that passed since its last call, never zero.
  template <std::derived_from<ReactorTime> Time, class F>
    requires std::invocable<F&, std::int64_t>
  static LoopingCall withCount(Time& time, F function) {
    return LoopingCall(time, adapted(time, std::move(function)), true);
  }

  // Makes the first call inside this one, unless `now` is false; fires when the loop has ended.
  Deferred<void> start(Duration interval, bool now = true,
                       std::source_location site = std::source_location::current());
  // Makes no more calls. The Deferred fires at once, or when the call that is going on has ended.
  void stop();
  // Counts the interval anew from now; nothing while a call is going on.
  void reset();
  bool running() const noexcept;
  Duration interval() const noexcept;

 private:
  class State;
  using Call = absl::AnyInvocable<Deferred<void>(std::int64_t)>;

  LoopingCall(ReactorTime& time, Call call, bool counts);

  // Calls with or without the count, and keeps of what comes only that it has come.
  template <class Time, class F>
  static Call adapted(Time& time, F function) {
    return [&time, function = std::move(function)](std::int64_t count) mutable -> Deferred<void> {
      auto call = [&] {
        if constexpr (std::invocable<F&, std::int64_t>) {
          return function(count);
        } else {
          return function();
        }
      };
      return without_value(call_on(time, call));
    };
  }
  template <class F>
  static auto call_on(ReactorTime&, F& call) {
    return maybeDeferred(call);
  }
  // The task is made at once and runs later; the function lives until it has ended.
  template <class F>
  static auto call_on(Reactor& reactor, F& call) {
    if constexpr (detail::TaskValue<std::invoke_result_t<F&>>::is_task) {
      return maybeDeferred([&] { return inlineCallbacks(reactor, call()); });
    } else {
      return maybeDeferred(call);
    }
  }
  template <class T>
  static Deferred<void> without_value(Deferred<T> deferred) {
    if constexpr (std::is_void_v<T>) {
      return deferred;
    } else {
      return deferred.addCallback([](const T&) {});
    }
  }

  std::shared_ptr<State> state_;
};

}  // namespace coil
