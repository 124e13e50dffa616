// Errors as values: as_result gives a Result, or_return hands an error on to the caller.
#pragma once

#include <coil/runtime/awaitable.h>
#include <coil/runtime/detail/promise_base.h>
#include <coil/runtime/result.h>
#include <coil/runtime/task.h>

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace coil {

namespace detail {

// Result<T> for a T, and the Result itself for a Result.
template <class T>
struct ResultOf {
  using type = Result<std::remove_cvref_t<T>>;
};
template <>
struct ResultOf<void> {
  using type = Result<>;
};
template <class T>
struct ResultOf<Result<T>> {
  using type = Result<T>;
};

// Takes the outcome of finished work without letting anything but Cancelled escape.
template <class A>
auto take_result(Awaiting<A>& work) {
  using R = typename ResultOf<decltype(work.resume())>::type;
  if constexpr (requires { work.awaiter().take_result(); }) {
    return R(work.awaiter().take_result());
  } else {
    try {
      if constexpr (std::is_void_v<decltype(work.resume())>) {
        work.resume();
        return R();
      } else {
        return R(work.resume());
      }
    } catch (const Cancelled&) {
      throw;
    } catch (...) {
      return R(Error(Failure::current()));
    }
  }
}

template <class A>
using result_of_work = decltype(take_result(std::declval<Awaiting<A>&>()));

template <class A>
class [[nodiscard]] AsResult {
 public:
  explicit AsResult(A&& work) : work_(std::forward<A>(work)) {}

  bool await_ready() { return work_.ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> waiter) {
    return work_.begin(waiter.promise().context(), waiter);
  }
  auto begin(TaskContext& context, std::coroutine_handle<> waiter)
    requires requires(Awaiting<A>& work) { work.awaiter().begin(context, waiter); }
  {
    return work_.awaiter().begin(context, waiter);
  }
  result_of_work<A> await_resume() { return detail::take_result(work_); }
  result_of_work<A> take_result() { return detail::take_result(work_); }

 private:
  Awaiting<A> work_;
};

}  // namespace detail

// Awaits `work` and gives a Result: what it gave, or the error that it would have thrown.
//
// Example (tests/examples/result_example.cpp, "as_result"):
//
//   Result<std::size_t> size = co_await as_result(stream.read_some(buffer));
//
// Guarantees: Only Cancelled is thrown. An I/O error costs no throw and no allocation.
template <class A>
detail::AsResult<A> as_result(A&& work) {
  return detail::AsResult<A>(std::forward<A>(work));
}

namespace detail {

// Waits for the work in place of the task, so that the task need not be resumed for an error.
class Relay {
 public:
  class promise_type final : public PromiseBase {
   public:
    promise_type() noexcept {}
    Relay get_return_object() noexcept {
      return Relay(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    GoOn final_suspend() const noexcept { return GoOn(next); }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }

    std::coroutine_handle<> next;  // Set by the body: the task, or whoever awaits the task.
  };
  using Handle = std::coroutine_handle<promise_type>;

  Relay() noexcept {}
  explicit Relay(Handle frame) noexcept : frame_(frame) {}
  Relay(Relay&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Relay& operator=(Relay&& other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~Relay() {
    if (frame_) frame_.destroy();
  }
  Handle frame() const noexcept { return frame_; }

 private:
  Handle frame_;
};

template <class Promise>
inline constexpr bool gives_result = false;
template <class T>
inline constexpr bool gives_result<TaskPromise<Result<T>>> = true;

template <class A>
class [[nodiscard]] OrReturn {
  using R = result_of_work<A>;

 public:
  explicit OrReturn(A&& work) : work_(std::forward<A>(work)) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> task) {
    static_assert(gives_result<Promise>,
                  "or_return ends its coroutine with an error as a value: it is for one that "
                  "returns Task<Result<U>>; elsewhere use as_result, or co_await alone");
    if constexpr (gives_result<Promise>) {
      relay_ = drive(*this, task);
      relay_.frame().promise().start(task.promise().context());
      return transfer(relay_.frame());
    } else {
      return task;
    }
  }
  typename R::value_type await_resume() {
    if (cancelled_) throw Cancelled();
    return std::move(*result_).value();
  }

 private:
  template <class U>
  static Relay drive(OrReturn& self, std::coroutine_handle<TaskPromise<U>> task) {
    try {
      self.result_.emplace(co_await AsResult<AsResultRef>(AsResultRef(self)));
    } catch (...) {
      self.cancelled_ = true;
    }
    std::coroutine_handle<> next = task;
    if (!self.cancelled_ && !*self.result_) {
      task.promise().return_value(U(self.result_->error()));
      next = task.promise().continuation();
    }
    self.relay_.frame().promise().next = next;
  }

  // The work as an awaiter whose outcome is a Result.
  class AsResultRef {
   public:
    explicit AsResultRef(OrReturn& self) noexcept : self_(self) {}
    bool await_ready() { return self_.work_.ready(); }
    template <class Promise>
    auto await_suspend(std::coroutine_handle<Promise> waiter) {
      return self_.work_.begin(waiter.promise().context(), waiter);
    }
    R await_resume() { return detail::take_result(self_.work_); }

   private:
    OrReturn& self_;
  };

  Awaiting<A> work_;
  std::optional<R> result_;
  bool cancelled_ = false;
  Relay relay_;
};

}  // namespace detail

// Inside a Task<Result<U>>: awaits `work` and gives its value, or ends the task with its error.
//
// Example (tests/examples/result_example.cpp, "or_return"):
//
//   Task<Result<std::string>> greet(TcpStream& stream) {
//     std::array<std::byte, 64> buffer;
//     std::size_t size = co_await or_return(stream.read_some(buffer));
//     co_return to_string(ConstBytes(buffer).first(size));
//   }
//
// Guarantees: An error is handed on without a throw; the locals of the task are destroyed before
//             whoever awaits it goes on.
template <class A>
detail::OrReturn<A> or_return(A&& work) {
  return detail::OrReturn<A>(std::forward<A>(work));
}

}  // namespace coil
