// run: turns the loop until one task is done.
#pragma once

#include <coil/runtime/detail/strand.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>
#include <coil/runtime/when_all.h>

#include <exception>
#include <optional>
#include <source_location>
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
//         cancelled and has ended when this returns.
template <class T>
T run(Reactor& reactor, Task<T> task) {
  detail::RunState<T> state;
  const std::source_location site = task.site();
  detail::start_root(reactor, detail::run_into<T>(state, std::move(task)), "run", site);
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

}  // namespace coil
