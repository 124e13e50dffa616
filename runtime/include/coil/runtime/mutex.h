// Mutex: one task at a time, across its awaits.
#pragma once

#include <coil/runtime/semaphore.h>

#include <coroutine>
#include <utility>

namespace coil {

// Mutex: held by one task at a time; a task may await while it holds it.
//
// Example (tests/examples/sync_example.cpp, "mutex"):
//
//   Mutex::Lock lock = co_await mutex.lock();
//   co_await write_all(stream, header);
//   co_await write_all(stream, body);          // Nobody writes in between.
//
// Guarantees:   First come, first served.
// Cancellation: Cancellable; if cancelled, nothing was transferred. A lock that was granted first
//               is delivered.
// Threads:      Reactor thread only: other threads need another lock.
class Mutex {
 public:
  Mutex() noexcept : permit_(1) {}

  // Lock: holds the mutex until it is destroyed or unlocked.
  //
  // Example (tests/examples/sync_example.cpp, "mutex"):
  //
  //   Mutex::Lock lock = co_await mutex.lock();
  class [[nodiscard]] Lock {
   public:
    Lock() noexcept {}
    explicit Lock(Semaphore::Permit permit) noexcept : permit_(std::move(permit)) {}
    bool owns() const noexcept { return permit_.owns(); }
    void unlock() noexcept { permit_.release(); }

   private:
    Semaphore::Permit permit_;
  };

  class [[nodiscard]] LockAwait {
   public:
    explicit LockAwait(Semaphore& permit) noexcept : permit_(permit) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
      return begin(waiter.promise().context(), waiter);
    }
    bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
      return permit_.begin(context, waiter);
    }
    Lock await_resume() const { return Lock(permit_.await_resume()); }

   private:
    Semaphore::PermitAwait permit_;
  };
  LockAwait lock() noexcept { return LockAwait(permit_); }
  bool locked() const noexcept { return permit_.available() == 0; }

 private:
  Semaphore permit_;
};

}  // namespace coil
