// Event: tasks wait until somebody sets it.
#pragma once

#include <coil/runtime/reactor.h>
#include <coil/runtime/suspension.h>
#include <coil/runtime/task_context.h>

#include <coroutine>
#include <utility>

namespace coil {

namespace detail {

// A task in somebody's queue; cancelling takes it out.
class Waiter : public Suspension {
 public:
  Waiter() noexcept : Suspension(&give_up) {}
  Waiter(Waiter&&) noexcept = default;

 protected:
  ~Waiter() = default;

 private:
  static void give_up(Suspension& self) noexcept {
    self.unlink();
    static_cast<Waiter&>(self).finish_cancelled();
  }
};

// Ends a wait that found what it wanted: at once, or, when the task has had its share of this turn,
// through the ready list. The answer is await_suspend's.
class ReadyAtOnce {
 public:
  template <class W>
  static bool finish(W& waiter, TaskContext& context) noexcept {
    if (context.reactor().spend_budget()) {
      waiter.finish_now();
      return false;
    }
    context.reactor().ready(waiter);
    return true;
  }
};

}  // namespace detail

// Event: set or clear; whoever waits goes on when it is set.
//
// Example (tests/examples/sync_example.cpp, "event"):
//
//   Event opened;                              // Outside the group: its children use it.
//   auto body = [&](TaskGroup& group) -> Task<void> {
//     group.spawn(&open_door, outlives_group(opened));
//     co_await opened.wait();
//   };
//   co_await with_task_group(body);
//
// Guarantees:   set() resumes every waiting task, in the order they came, from the loop.
// Cancellation: Cancellable; if cancelled, nothing was transferred.
// Threads:      Reactor thread only.
class Event {
 public:
  Event() noexcept {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  // Requires: Nobody waits.
  ~Event() {
    if (!waiting_.empty()) contract_violation("an Event was destroyed while a task waited for it");
  }

  bool is_set() const noexcept { return set_; }
  void set() noexcept {
    set_ = true;
    while (Suspension* waiter = waiting_.pop_front()) waiter->context().reactor().ready(*waiter);
  }
  void clear() noexcept { set_ = false; }

  class [[nodiscard]] Wait final : public detail::Waiter {
   public:
    explicit Wait(Event& event) noexcept { keep(&event); }
    // What the base moves is not the word that is kept.
    Wait(Wait&& other) noexcept : Waiter(static_cast<Waiter&&>(other)) { keep(other.kept()); }
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
      return begin(waiter.promise().context(), waiter);
    }
    bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
      Event& event = *static_cast<Event*>(kept());
      if (!enter(context, waiter)) return false;
      if (event.set_) return detail::ReadyAtOnce::finish(*this, context);
      event.waiting_.push_back(*this);
      return true;
    }
    void await_resume() const { check_cancelled(); }
    void finish_now() noexcept { leave(); }
  };
  Wait wait() noexcept { return Wait(*this); }

 private:
  detail::IntrusiveList<Suspension> waiting_;
  bool set_ = false;
};

}  // namespace coil
