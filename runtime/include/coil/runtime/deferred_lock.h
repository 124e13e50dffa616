// DeferredSemaphore and DeferredLock: turns given out as Deferreds.
#pragma once

#include <coil/runtime/detail/deferred_line.h>
#include <coil/runtime/inline_callbacks.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

namespace coil {

// DeferredSemaphore: a number of tokens; a coroutine uses Semaphore instead.
//
// Example (tests/examples/deferred_lock_example.cpp, "semaphore"):
//
//   DeferredSemaphore slots(4);
//   Deferred<int> stored = slots.run(upload, 7);   // Gives its token back, also if it fails.
//
// Guarantees:   First come, first served, in constant stack. A function that run() calls has a
//               token until what it returned has come to its end.
// Errors:       std::invalid_argument for no tokens at all; std::logic_error when more is given
//               back than was taken. Those who wait when it is destroyed are cancelled.
// Cancellation: Cancellable; if cancelled, nothing was transferred. Cancelling what waits takes it
//               out of the line; a token that was granted is kept.
// Source:       Twisted's defer.DeferredSemaphore.
class DeferredSemaphore {
 public:
  explicit DeferredSemaphore(std::size_t tokens) : state_(std::make_shared<State>(tokens)) {}
  DeferredSemaphore(const DeferredSemaphore&) = delete;
  DeferredSemaphore& operator=(const DeferredSemaphore&) = delete;

  // Fires once there is a token, which release() gives back.
  Deferred<void> acquire() { return State::acquire(state_); }
  void release() { State::release(state_); }
  // Calls function(args...) with a token, and gives whatever comes of it, as maybeDeferred does.
  template <class F, class... A>
  auto run(F function, A... args) {
    using U = detail::deferred_value_t<F&, A&...>;
    // The line owns this step, and must not outlive the semaphore for it.
    auto call = [weak = std::weak_ptr<State>(state_), function = std::move(function),
                 ... args = std::move(args)]() mutable -> Deferred<U> {
      auto give_back = [weak](Result<U> result) {
        if (auto state = weak.lock()) State::release(std::move(state));
        return result;
      };
      Deferred<U> called = maybeDeferred([&] { return std::invoke(function, args...); });
      called.addBoth(std::move(give_back));
      return called;
    };
    return Deferred<U>(acquire().addCallback(std::move(call)));
  }

  std::size_t tokens() const noexcept { return state_->tokens; }
  std::size_t limit() const noexcept { return state_->limit; }
  std::size_t waiting() const noexcept { return state_->line.size(); }

 private:
  class State {
   public:
    explicit State(std::size_t count) : tokens(count), limit(count) {
      if (count == 0) throw std::invalid_argument("DeferredSemaphore: it needs a token");
    }
    static Deferred<void> acquire(const std::shared_ptr<State>& self);
    static void release(std::shared_ptr<State> self);

    std::size_t tokens;
    const std::size_t limit;
    bool granting = false;
    detail::DeferredLine<void> line;
  };

  std::shared_ptr<State> state_;
};

// DeferredLock: one at a time; a coroutine uses Mutex instead.
//
// Example (tests/examples/deferred_lock_example.cpp, "lock"):
//
//   DeferredLock lock;
//   Deferred<void> written = lock.run(write_both_files);
//
// Errors:       std::logic_error from release() if it is not locked.
// Cancellation: Cancellable; if cancelled, nothing was transferred. Once it is acquired it stays
//               locked until release().
// Source:       Twisted's defer.DeferredLock.
class DeferredLock {
 public:
  DeferredLock() : semaphore_(1) {}

  Deferred<void> acquire() { return semaphore_.acquire(); }
  void release() { semaphore_.release(); }
  template <class F, class... A>
  auto run(F function, A... args) {
    return semaphore_.run(std::move(function), std::move(args)...);
  }

  bool locked() const noexcept { return semaphore_.tokens() == 0; }
  std::size_t waiting() const noexcept { return semaphore_.waiting(); }

 private:
  DeferredSemaphore semaphore_;
};

}  // namespace coil
