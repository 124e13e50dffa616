// Semaphore: a limited number of tasks at a time, inside one reactor.
#pragma once

#include <coil/runtime/event.h>

#include <coroutine>
#include <cstddef>
#include <utility>

namespace coil {

// Semaphore: a number of permits that tasks take and give back.
//
// Example (tests/examples/sync_example.cpp, "semaphore"):
//
//   Semaphore slots(4);
//   co_await slots.acquire();
//   const absl::Cleanup give_back = [&] { slots.release(); };   // Also if the upload throws.
//   co_await upload(file);
//
// Guarantees:   First come, first served: a permit that is given back goes to the longest waiter,
//               and nobody overtakes it.
// Cancellation: Cancellable; if cancelled, nothing was transferred. A permit that was granted first
//               is kept.
// Threads:      Reactor thread only.
class Semaphore {
 public:
  explicit Semaphore(std::size_t permits) noexcept : free_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  // Requires: Nobody waits.
  ~Semaphore() {
    if (!waiting_.empty()) contract_violation("a Semaphore was destroyed while a task waited");
  }

  std::size_t available() const noexcept { return free_; }
  bool try_acquire() noexcept {
    if (free_ == 0 || !waiting_.empty()) return false;
    --free_;
    return true;
  }
  void release() noexcept {
    if (Suspension* next = waiting_.pop_front()) {
      next->context().reactor().ready(*next);
    } else {
      ++free_;
    }
  }

  class [[nodiscard]] Acquire final : public detail::Waiter {
   public:
    explicit Acquire(Semaphore& semaphore) noexcept : semaphore_(&semaphore) {}
    Acquire(Acquire&&) noexcept = default;
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
      return begin(waiter.promise().context(), waiter);
    }
    bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
      if (!enter(context, waiter)) return false;
      if (semaphore_->try_acquire()) return detail::ReadyAtOnce::finish(*this, context);
      semaphore_->waiting_.push_back(*this);
      return true;
    }
    void await_resume() const { check_cancelled(); }
    void finish_now() noexcept { leave(); }

   private:
    Semaphore* semaphore_;
  };
  Acquire acquire() noexcept { return Acquire(*this); }

 private:
  detail::IntrusiveList<Suspension> waiting_;
  std::size_t free_;
};

}  // namespace coil
