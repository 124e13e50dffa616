// Strands: children that destroy themselves, counted by whoever joins them.
#pragma once

#include <coil/runtime/detail/child_scope.h>
#include <coil/runtime/detail/promise_base.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <coroutine>
#include <exception>
#include <utility>

namespace coil::detail {

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

// The first thing a strand waits for: its turn. Its storage lies in the strand's promise.
class StartNode final : public Suspension {
 public:
  StartNode() noexcept : Suspension([](Suspension&) noexcept {}) {}
  // Leaves the start to the loop; cancellation before it is seen by the first await inside.
  void start(TaskContext& context, std::coroutine_handle<> strand) noexcept {
    context.reactor().start(*this, context, strand);
  }
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
      PromiseBase::start(context_);
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

// Starts `task` from the loop as a child of `scope`.
inline void start_child(ChildScope& scope, Task<void> task) {
  scope.reactor().start(std::move(task).become_child(scope));
}

}  // namespace coil::detail
