// Await: the one awaiter that all input and output uses.
#pragma once

#include <coil/runtime/operations.h>
#include <coil/runtime/result.h>
#include <coil/runtime/task_context.h>

#include <coroutine>
#include <utility>

namespace coil {

// Await<Op, T>: co_await submits the operation it holds and gives its outcome as a T.
//
// How an outcome becomes a T is said by Convert, which is called once, on success:
// `T operator()(Op&, std::int64_t outcome)`.
//
// Example (tests/examples/tcp_example.cpp, "greet"):
//
//   std::size_t size = co_await stream.read_some(reply);
//
// Requires:   Awaited once, as an rvalue; moved only before that.
// Guarantees: A cancellation point whether or not it had to wait.
// Errors:     The typed error of the operation's code (error.h).
// Cost:       No allocation; one virtual call down, one resumption up.
template <class Op, class T, class Convert>
class [[nodiscard]] Await {
 public:
  template <class... A>
  explicit Await(Convert convert, A&&... arguments) noexcept
      : op_(std::forward<A>(arguments)...), convert_(std::move(convert)) {}
  Await(Await&&) noexcept = default;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
    return op_.begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
    return op_.begin(context, waiter);
  }
  T await_resume() {
    if (op_.outcome() < 0) op_.raise();
    return convert_(op_, op_.outcome());
  }
  // The same without a throw for errors; only Cancelled is thrown.
  Result<T> take_result() {
    if (op_.outcome() == outcome::cancelled) throw Cancelled();
    if (op_.outcome() < 0) return Error(outcome::code_of(op_.outcome()), op_.name());
    if constexpr (std::is_void_v<T>) {
      convert_(op_, op_.outcome());
      return {};
    } else {
      return convert_(op_, op_.outcome());
    }
  }

 private:
  Op op_;
  [[no_unique_address]] Convert convert_;
};

}  // namespace coil
