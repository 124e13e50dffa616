// The steps of the loop that are compiled into whoever takes them: submitting, finishing, resuming.
// Included by reactor.h only.
#pragma once

#include <coil/runtime/reactor.h>

#include <coroutine>
#include <cstdint>

namespace coil {

inline Reactor& Operation::reactor() const noexcept { return context().reactor(); }

inline bool Operation::begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
  if (kept() != &context.reactor()) [[unlikely]] {
    contract_violation("a task awaited what belongs to another reactor");
  }
  if (!enter(context, waiter)) {
    keep_number(outcome::cancelled);
    return false;
  }
  return context.reactor().submit(*this);
}

// One count is the limit of a turn, the end of the last one, and what counters() goes by.
inline void Reactor::allow_resumptions(int count) noexcept {
  counters_.resumptions += static_cast<std::uint64_t>(count - resumptions_left_);
  resumptions_left_ = count;
}

inline void Reactor::leave() noexcept {
  leave_ = true;
  allow_resumptions(0);
}

inline void Reactor::finish(Operation& op, HandleSlot& slot, std::int64_t outcome) noexcept {
  ++counters_.completed;
  if (op.is(Operation::closed_handle) && outcome == outcome::cancelled) {
    outcome = outcome::handle_closed;
  }
  op.keep_number(outcome);
  ready(op);
  if (slot.closing()) [[unlikely]]
    finish_close_if_due(slot);
}

// What is ready is nothing that a cancellation could end any more.
inline void Reactor::make_ready(Suspension& suspension) noexcept {
  if (!suspension.waiting()) [[unlikely]] {
    contract_violation("a suspension was finished twice, or before it waited");
  }
  suspension.marks_ = Suspension::mark(Suspension::State::ready);
  suspension.context_->leaf_ = nullptr;
}

inline void Reactor::resume(Suspension& suspension) noexcept {
  static_assert(Suspension::mark(Suspension::State::resumed) ==
                (Suspension::mark(Suspension::State::ready) & ~Suspension::suspended_mark));
  suspension.marks_ &= static_cast<std::uint8_t>(~Suspension::suspended_mark);
  begin_resumption();
  detail::resume_from_loop(suspension.waiter_);
}

inline void Reactor::begin_resumption() noexcept {
  forget_time();
  budget_ = budget_per_resumption;
}

inline void Reactor::run_ready() noexcept {
  while (!ready_.empty()) {
    if (--resumptions_left_ < 0) [[unlikely]] {
      resumptions_left_ = 0;
      return;
    }
    if (ready_.begins_with_start()) {
      run_start();
    } else {
      resume(static_cast<Suspension&>(ready_.pop_suspension()));
    }
  }
}

}  // namespace coil
