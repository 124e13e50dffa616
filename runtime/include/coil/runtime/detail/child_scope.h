// What children run inside: their part of the tree, their number, and who hears of their failures.
#pragma once

#include <coil/runtime/suspension.h>
#include <coil/runtime/task_context.h>

#include <coroutine>
#include <cstddef>
#include <exception>

namespace coil::detail {

// Counts strands and waits until few enough are left. Cancelling the wait for the last one cancels
// the strands, through the tree of contexts; the wait itself goes on until they have ended.
class StrandJoin final : public Suspension {
 public:
  StrandJoin() noexcept : Suspension(&give_up) {}
  StrandJoin(const StrandJoin&) = delete;

  void one_started() noexcept { ++live_; }
  void one_ended() noexcept {
    if (--live_ == enough_ && waiting()) finish();
  }
  std::size_t live() const noexcept { return live_; }

  // What co_await needs, apart from the counter, which strands refer to and which cannot move.
  class Wait {
   public:
    Wait(StrandJoin& join, std::size_t enough) noexcept : join_(join) { join.enough_ = enough; }
    bool await_ready() const noexcept { return join_.live_ <= join_.enough_; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) const noexcept {
      return join_.begin(waiter.promise().context(), waiter);
    }
    void await_resume() const { join_.check_cancelled(); }

   private:
    StrandJoin& join_;
  };
  // Waits for the end of all of them.
  Wait wait() noexcept { return Wait(*this, 0); }
  // Waits until at most `enough` are left; the scope's cancellation ends this one.
  Wait wait_until_left(std::size_t enough) noexcept { return Wait(*this, enough); }

 private:
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
    if (enough_ != 0) return enter(context, waiter);
    enter_uncancellable(context, waiter);
    return true;
  }
  void finish() noexcept;
  static void give_up(Suspension& self) noexcept;

  std::size_t live_ = 0;
  std::size_t enough_ = 0;
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
