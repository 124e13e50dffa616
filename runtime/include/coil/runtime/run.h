// run and react: turn the loop until one task, or what a main function gave, is done.
#pragma once

#include <coil/runtime/detail/strand.h>
#include <coil/runtime/inline_callbacks.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>
#include <coil/runtime/when_all.h>

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace coil {

namespace detail {

// What a task run to its end leaves behind.
template <class T>
class RunState {
 public:
  RunState() noexcept {}
  TaskContext* context = nullptr;  // While the task runs.
  std::optional<value_or_monostate<T>> value;
  std::exception_ptr exception;
  bool done = false;
};

template <class T>
Task<void> run_into(RunState<T>& state, Task<T> task) {
  state.context = &co_await current_context();
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      state.value.emplace();
    } else {
      state.value.emplace(co_await std::move(task));
    }
  } catch (...) {
    state.exception = std::current_exception();
  }
  state.context = nullptr;
  state.done = true;
}

}  // namespace detail

// Runs `task` on `reactor` and gives its value; may be repeated, and fires no system events.
// Signals are left alone: for a server that ends in order on Ctrl-C, see Reactor::run.
//
// Example (tests/examples/task_example.cpp, "run"):
//
//   std::unique_ptr<Reactor> reactor = make_reactor();
//   int value = run(*reactor, answer());
//
// Errors: What the task throws. Cancelled if stop() or crash() ended the loop first: the task is
//         cancelled and has ended when this returns. ReactorAlreadyRunning from inside a turn.
template <class T>
T run(Reactor& reactor, Task<T> task) {
  reactor.require_no_turns();  // Or the task would go on without what it refers to here.
  detail::RunState<T> state;
  const std::source_location site = task.site();
  detail::start_root<"run">(reactor, detail::run_into<T>(state, std::move(task)), site);
  bool stopped = false;
  reactor.turn_until([&] { return state.done; });
  while (!state.done) {
    stopped = true;
    if (state.context != nullptr) state.context->cancel();
    reactor.turn_until([&] { return state.done; });
  }
  if (stopped && !state.value) throw Cancelled();
  if (state.exception) std::rethrow_exception(state.exception);
  if constexpr (!std::is_void_v<T>) return std::move(*state.value);
}

// Runs the reactor, as Reactor::run does, until what main(reactor) gave is done: a Task, a
// Deferred, a value. Returns the exit status for the program.
//
// Example (tests/examples/looping_call_example.cpp, "react"):
//
//   auto program = [](Reactor& given) -> Task<int> {
//     co_await given.callLater(std::chrono::milliseconds(5));
//     co_return 3;
//   };
//   int status = react(*reactor, program);
//
// Guarantees: The status is the result if that is an int, else 0; 1 after a failure, which is
//             logged; 128 and the number of the signal that ended the loop. main may stop the
//             reactor itself, before or after it has a result; the status is 0 if there is none.
// Source:     Twisted's task.react.
template <class F>
int react(Reactor& reactor, F main) {
  const auto status = std::make_shared<int>(0);
  reactor.callWhenRunning([&reactor, main = std::move(main), status]() mutable {
    auto ended = maybeDeferred(reactor, std::move(main), std::ref(reactor));
    using T = typename decltype(ended)::value_type;
    ended.addBoth([&reactor, status](Result<T> result) -> void {
      if (!result) {
        const Failure failure = result.error().failure();
        const bool by_stop = !reactor.can_stop() && failure.check<CancelledError>();
        if (by_stop) return;
        *status = 1;
        reactor.log(LogRecord(LogLevel::error, "react: " + failure.getErrorMessage(), failure));
      } else if constexpr (std::same_as<T, int>) {
        *status = *result;
      }
      if (reactor.can_stop()) reactor.stop();
    });
  });
  reactor.run();
  return reactor.exit_signal() == 0 ? *status : 128 + reactor.exit_signal();
}

}  // namespace coil
