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
    explicit Lock(Mutex& mutex) noexcept : mutex_(&mutex) {}
    Lock(Lock&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Lock& operator=(Lock&& other) noexcept {
      std::swap(mutex_, other.mutex_);
      return *this;
    }
    ~Lock() { unlock(); }
    bool owns() const noexcept { return mutex_ != nullptr; }
    void unlock() noexcept {
      if (mutex_ != nullptr) std::exchange(mutex_, nullptr)->permit_.release();
    }

   private:
    Mutex* mutex_ = nullptr;
  };

  class [[nodiscard]] LockAwait {
   public:
    explicit LockAwait(Mutex& mutex) noexcept : mutex_(&mutex), acquire_(mutex.permit_) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
      return begin(waiter.promise().context(), waiter);
    }
    bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
      return acquire_.begin(context, waiter);
    }
    Lock await_resume() const {
      acquire_.await_resume();
      return Lock(*mutex_);
    }

   private:
    Mutex* mutex_;
    Semaphore::Acquire acquire_;
  };
  LockAwait lock() noexcept { return LockAwait(*this); }
  bool locked() const noexcept { return permit_.available() == 0; }

 private:
  Semaphore permit_;
};

}  // namespace coil
