// What children run inside: their part of the tree, their number, and who hears of their failures.
#pragma once

#include <coil/runtime/suspension.h>
#include <coil/runtime/task_context.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>

namespace coil::detail {

// Counts strands, for one at a time who waits until few enough of them are left.
class StrandJoin {
 public:
  StrandJoin() noexcept {}
  StrandJoin(const StrandJoin&) = delete;
  StrandJoin& operator=(const StrandJoin&) = delete;

  void one_started() noexcept { ++beyond_; }
  void one_ended() noexcept {
    if (--beyond_ == 0) [[unlikely]]
      finish();
  }
  std::size_t live() const noexcept { return beyond_ + enough_; }

  class Wait final : public Suspension {
   public:
    Wait(StrandJoin& join, std::size_t enough, bool cancellable) noexcept
        : Suspension(&give_up), join_(join), enough_(enough), cancellable_(cancellable) {}
    Wait(Wait&&) noexcept = default;
    bool await_ready() const noexcept { return join_.live() <= enough_; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
      return begin(waiter.promise().context(), waiter);
    }
    bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
      if (!cancellable_) {
        enter_uncancellable(context, waiter);
      } else if (!enter(context, waiter)) {
        return false;
      }
      join_.waiting_ = this;
      join_.wait_for(enough_);
      return true;
    }
    void await_resume() const { check_cancelled(); }

   private:
    static void give_up(Suspension& self) noexcept;

    StrandJoin& join_;
    std::size_t enough_;
    bool cancellable_;
  };
  // Waits for the end of all. Cancelling this wait cancels the strands, through the tree of
  // contexts; the wait itself goes on until they have ended.
  Wait wait() noexcept { return Wait(*this, 0, false); }
  // Waits until at most `enough` are left, or until the scope is cancelled.
  Wait wait_until_left(std::size_t enough) noexcept { return Wait(*this, enough, true); }

 private:
  static constexpr std::size_t nobody_waits = SIZE_MAX;

  [[gnu::noinline]] void finish() noexcept;
  void wait_for(std::size_t enough) noexcept {
    beyond_ = live() - enough;
    enough_ = enough;
  }

  // How many are alive beyond those that the waiting one accepts: counted from -1, and so never
  // none, while nobody waits.
  std::size_t beyond_ = 0 - nobody_waits;
  std::size_t enough_ = nobody_waits;
  Suspension* waiting_ = nullptr;
};

// A context whose children report to it. Each lives in the frame of its task: to spawn one makes
// nothing but that frame.
class ChildScope : public TaskContext {
 public:
  explicit ChildScope(TaskContext& outer) noexcept : TaskContext(outer) {}

  StrandJoin& join() noexcept { return join_; }
  const StrandJoin& join() const noexcept { return join_; }
  // Hands on the exception that is being handled: what a child, or the function that makes its
  // task, has thrown.
  void child_threw() noexcept;

 protected:
  ~ChildScope() = default;

 private:
  virtual void child_failed(std::exception_ptr failure) noexcept = 0;
  // A child that did what it was told is no failure.
  virtual void child_gave_up() noexcept = 0;

  StrandJoin join_;
};

}  // namespace coil::detail
