// await_callback: turns any callback API into an await.
#pragma once

#include <coil/runtime/detail/closure_in_place.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/result.h>

#include <atomic>
#include <memory>
#include <utility>

namespace coil {

namespace detail {

template <class T>
class CallbackAwait;

// Shared by the await and the function that the API keeps: either may go first.
template <class T>
class CallbackState {
 public:
  explicit CallbackState(Reactor& reactor) noexcept : reactor_(reactor) {}

  void finish(Result<T> result, const std::shared_ptr<CallbackState>& self) {
    if (fired_.exchange(true)) throw AlreadyCalled("await_callback: resumed twice");
    result_ = std::move(result);
    // Through the inbox also from the reactor's own thread: a coroutine is never resumed from
    // inside the call that finished it.
    reactor_.callFromThread([self] {
      if (self->waiting_ != nullptr) self->waiting_->finished();
      self->arrived_ = true;
    });
  }

 private:
  friend class CallbackAwait<T>;

  Reactor& reactor_;
  std::atomic<bool> fired_{false};
  bool arrived_ = false;
  Result<T> result_ = Error();
  CallbackAwait<T>* waiting_ = nullptr;
};

}  // namespace detail

// Resume: what await_callback hands to the callback API; call it once, on any thread.
//
// Example (tests/examples/callback_example.cpp, "await_callback"):
//
//   auto start = [&](Resume<int> resume) {
//     library_read(device, [resume](int status) { resume(status); });
//   };
//   int status = co_await await_callback<int>(reactor, start);
//
// Errors: AlreadyCalled when it is called twice.
template <class T>
class Resume {
 public:
  explicit Resume(std::shared_ptr<detail::CallbackState<T>> state) noexcept
      : state_(std::move(state)) {}

  template <class U = T>
    requires(!std::is_void_v<T> && std::is_convertible_v<U, T>)
  void operator()(U&& value) const {
    state_->finish(Result<T>(T(std::forward<U>(value))), state_);
  }
  void operator()() const
    requires std::is_void_v<T>
  {
    state_->finish(Result<T>(), state_);
  }
  void fail(Failure failure) const { state_->finish(Error(std::move(failure)), state_); }

 private:
  std::shared_ptr<detail::CallbackState<T>> state_;
};

namespace detail {

template <class T>
class [[nodiscard]] CallbackAwait final : public Suspension {
 public:
  using Start = absl::AnyInvocable<void(Resume<T>) &&>;

  CallbackAwait(Reactor& reactor, Start start)
      : Suspension(&give_up),
        state_(std::make_shared<CallbackState<T>>(reactor)),
        start_(std::move(start)) {}
  CallbackAwait(CallbackAwait&&) noexcept = default;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) {
    if (!enter(context, waiter)) return false;
    state_->waiting_ = this;
    try {
      std::move(start_)(Resume<T>(state_));
    } catch (...) {
      state_->waiting_ = nullptr;
      leave();
      throw;
    }
    return true;
  }
  T await_resume() {
    check_cancelled();
    return std::move(state_->result_).value();
  }
  Result<T> take_result() {
    check_cancelled();
    return std::move(state_->result_);
  }
  void finished() noexcept {
    state_->waiting_ = nullptr;
    if (waiting()) context().reactor().ready(*this);
  }

 private:
  // The API keeps its function; a result that comes later is dropped with the shared state.
  static void give_up(Suspension& suspension) noexcept {
    auto& self = static_cast<CallbackAwait&>(suspension);
    self.state_->waiting_ = nullptr;
    self.finish_cancelled();
  }

  std::shared_ptr<CallbackState<T>> state_;
  Start start_;
};

}  // namespace detail

// Calls `start` with a Resume and waits until that is called.
//
// Errors:       What start throws; the failure given to Resume::fail.
// Cancellation: Cancellable; if cancelled, nothing was transferred. A result that comes later is
//               dropped.
// Threads:      Awaited on the reactor's thread; resumed from any.
template <class T, class F>
detail::CallbackAwait<T> await_callback(Reactor& reactor, F&& start) {
  detail::refuse_closure_in_place<F>();
  return detail::CallbackAwait<T>(reactor,
                                  typename detail::CallbackAwait<T>::Start(std::forward<F>(start)));
}

}  // namespace coil
