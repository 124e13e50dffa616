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
//   Semaphore::Permit slot = co_await slots.permit();
//   co_await upload(file);   // Given back when `slot` goes, also if this throws.
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
  // Takes a permit that release() gives back.
  Acquire acquire() noexcept { return Acquire(*this); }

  // Permit: holds one permit until it is destroyed or released.
  //
  // Example (tests/examples/sync_example.cpp, "semaphore"):
  //
  //   Semaphore::Permit slot = co_await slots.permit();
  class [[nodiscard]] Permit {
   public:
    Permit() noexcept {}
    // Takes over a permit that was acquired.
    explicit Permit(Semaphore& semaphore) noexcept : semaphore_(&semaphore) {}
    Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(semaphore_, other.semaphore_);
      return *this;
    }
    ~Permit() { release(); }
    bool owns() const noexcept { return semaphore_ != nullptr; }
    void release() noexcept {
      if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->release();
    }

   private:
    Semaphore* semaphore_ = nullptr;
  };

  class [[nodiscard]] PermitAwait {
   public:
    explicit PermitAwait(Semaphore& semaphore) noexcept
        : semaphore_(&semaphore), acquire_(semaphore) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
      return begin(waiter.promise().context(), waiter);
    }
    bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
      return acquire_.begin(context, waiter);
    }
    Permit await_resume() const {
      acquire_.await_resume();
      return Permit(*semaphore_);
    }

   private:
    Semaphore* semaphore_;
    Acquire acquire_;
  };
  // Takes a permit that gives itself back.
  PermitAwait permit() noexcept { return PermitAwait(*this); }

 private:
  detail::IntrusiveList<Suspension> waiting_;
  std::size_t free_;
};

}  // namespace coil
