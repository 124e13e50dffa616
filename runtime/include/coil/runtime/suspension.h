// Suspension: what a suspended task waits for, and how the loop resumes it.
#pragma once

#include <coil/runtime/detail/intrusive_list.h>
#include <coil/runtime/error.h>

#include <coroutine>
#include <cstdint>

namespace coil {

class Reactor;
class TaskContext;

// Suspension: base of every awaiter that can suspend; it lives in the awaiting frame.
//
// A task waits for one Suspension at a time. Whoever finishes it calls Reactor::ready, and the loop
// resumes the task in a later step: never from inside the call that finished it.
//
// Example (tests/examples/suspension_example.cpp, "latch"):
//
//   class Latch::Wait final : public Suspension {
//    public:
//     explicit Wait(Latch& latch) noexcept : Suspension(&give_up), latch_(latch) {}
//     bool await_ready() const noexcept { return false; }
//     template <class Promise>
//     bool await_suspend(std::coroutine_handle<Promise> waiter) {
//       return begin(waiter.promise().context(), waiter);
//     }
//     bool begin(TaskContext& context, std::coroutine_handle<> waiter) {
//       if (!enter(context, waiter)) return false;             // The scope was cancelled.
//       latch_.waiters.push_back(*this);
//       return true;
//     }
//     void await_resume() const { check_cancelled(); }
//
//    private:
//     static void give_up(Suspension& self) noexcept {
//       self.unlink();
//       static_cast<Wait&>(self).finish_cancelled();
//     }
//     Latch& latch_;
//   };
//
// Requires:   An entered suspension is neither moved nor destroyed before the task was resumed
//             (asserted).
// Guarantees: Finished exactly once; the first of completion and cancellation wins.
class Suspension : public detail::ListHook {
 public:
  // Asks for an early end; the suspension must still be finished, at once or later, by its owner.
  using CancelRequest = void (*)(Suspension&) noexcept;

  enum class State : std::uint8_t { idle = 0, resumed = 1, waiting = 4, ready = 5 };

  explicit Suspension(CancelRequest cancel) noexcept : cancel_(cancel) {}
  // Only an idle suspension may be moved: it is still an ordinary value then.
  Suspension(Suspension&& other) noexcept : cancel_(other.cancel_) { other.require_idle(); }
  Suspension& operator=(Suspension&&) = delete;

  State state() const noexcept { return State(marks_ & ~cancelled_mark); }
  bool waiting() const noexcept { return marks_ == mark(State::waiting); }
  // Valid from the moment it waits.
  TaskContext& context() const noexcept { return *context_; }

 protected:
  // For one that is ready at once, and is never asked to end: enter_ready().
  Suspension() noexcept {}
  ~Suspension() {
    if (marks_ >= suspended_mark) {
      contract_violation("a coroutine frame was destroyed while it was suspended in an await");
    }
  }

  void require_idle() const noexcept {
    if (marks_ != mark(State::idle))
      contract_violation("an awaiter was moved after it had started");
  }

  // Makes this what the task of `context` waits for; false if its scope was cancelled, in which
  // case the caller does not suspend and was_cancelled() is true.
  bool enter(TaskContext& context, std::coroutine_handle<> waiter) noexcept;
  // The same for a wait that is too short to be cancelled.
  void enter_uncancellable(TaskContext& context, std::coroutine_handle<> waiter) noexcept;
  // The same for one that is ready at once: the reactor's yield() puts it on the ready list.
  bool enter_ready(TaskContext& context, std::coroutine_handle<> waiter) noexcept;
  // Undoes enter() when there is nothing to wait for after all.
  void leave() noexcept;
  // Throws Cancelled if the wait ended, or never began, because the scope was cancelled.
  void check_cancelled() const {
    if (marks_ > mark(State::resumed)) throw Cancelled();
  }
  bool was_cancelled() const noexcept { return (marks_ & cancelled_mark) != 0; }
  // A word that an awaiter may keep until it is entered, in place of a member: what it waits for.
  // It does not move with the rest.
  void keep(void* word) noexcept { word_ = word; }
  void* kept() const noexcept { return word_; }
  // A number that it may keep while it does not wait, in the place of what would end it: what it
  // came to. It does not move either.
  void keep_number(std::int64_t number) noexcept { number_ = number; }
  std::int64_t kept_number() const noexcept { return number_; }
  // Finishes the wait because of a cancellation; for CancelRequest functions.
  void finish_cancelled() noexcept;

 private:
  friend class Reactor;
  friend class TaskContext;

  // One byte says where it is and, by a bit between those of the states, whether it was cancelled.
  // So one comparison tells a task that goes on that it was not, and its compiler that it is not
  // suspended any more.
  static constexpr std::uint8_t cancelled_mark = 2;
  static constexpr std::uint8_t suspended_mark = 4;  // Of `waiting` and `ready` only.
  static constexpr std::uint8_t mark(State state) noexcept {
    return static_cast<std::uint8_t>(state);
  }

  // The hook, the waiter and the context mean nothing until it is entered.
  union {
    void* word_;
    std::coroutine_handle<> waiter_;
  };
  TaskContext* context_;
  union {
    CancelRequest cancel_;
    std::int64_t number_;
  };
  std::uint8_t marks_ = mark(State::idle);
};

}  // namespace coil
