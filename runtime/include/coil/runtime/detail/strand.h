// Strands: children that destroy themselves, counted by whoever joins them.
#pragma once

#include <coil/runtime/detail/promise_base.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/reactor.h>

#include <coroutine>
#include <cstddef>
#include <exception>

namespace coil::detail {

// Counts strands and waits until none is left. Cancelling the wait cancels the strands, through the
// tree of contexts; the wait itself goes on until they have ended.
class StrandJoin final : public Suspension {
 public:
  StrandJoin() noexcept : Suspension([](Suspension&) noexcept {}) {}
  StrandJoin(const StrandJoin&) = delete;

  void one_started() noexcept { ++live_; }
  void one_ended() noexcept {
    if (--live_ == 0 && waiting()) context().reactor().ready(*this);
  }
  std::size_t live() const noexcept { return live_; }

  // What co_await needs, apart from the counter, which strands refer to and which cannot move.
  class Wait {
   public:
    explicit Wait(StrandJoin& join) noexcept : join_(join) {}
    bool await_ready() const noexcept { return join_.live_ == 0; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) const noexcept {
      join_.enter_uncancellable(waiter.promise().context(), waiter);
      return true;
    }
    void await_resume() const noexcept {}

   private:
    StrandJoin& join_;
  };
  Wait wait() noexcept { return Wait(*this); }

 private:
  std::size_t live_ = 0;
};

// Tells the join from its destructor: as the promise's first member it goes last, when the strand
// has left the tree of contexts.
class EndNotice {
 public:
  explicit EndNotice(StrandJoin& join) noexcept : join_(join) { join.one_started(); }
  EndNotice(const EndNotice&) = delete;
  EndNotice& operator=(const EndNotice&) = delete;
  ~EndNotice() { join_.one_ended(); }

 private:
  StrandJoin& join_;
};

// A coroutine whose first parameters are the context to be a child of and the join to report to.
// It starts from the loop and must not let an exception escape.
class Strand {
 public:
  class promise_type final : public PromiseBase {
   public:
    template <class... A>
    promise_type(TaskContext& parent, StrandJoin& join, A&...) noexcept
        : notice_(join), context_(parent) {}

    Strand get_return_object() noexcept {
      const auto self = std::coroutine_handle<promise_type>::from_promise(*this);
      PromiseBase::start(context_, nullptr);
      start_.start(context_, self);
      return Strand();
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }

   private:
    EndNotice notice_;
    TaskContext context_;
    StartNode start_;
  };

  Strand() noexcept {}
};

}  // namespace coil::detail
