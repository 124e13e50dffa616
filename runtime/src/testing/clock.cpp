// The clock for tests: a timer queue without a reactor.
#include <coil/testing/clock.h>

#include "timer_queue.h"

#include <coil/runtime/reactor.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace coil::testing {

struct Clock::State {
  explicit State(TimePoint start) : timers(start) {}

  detail::TimerQueue timers;
  std::exception_ptr failure;
  bool advancing = false;
};

Clock::Clock(TimePoint start) : now_(start), state_(std::make_unique<State>(start)) {}

Clock::~Clock() {
  for (DelayedCall& call : getDelayedCalls()) call.cancel();
  if (state_->timers.size() != 0) {
    contract_violation("a Clock was destroyed while a task waited for it");
  }
}

void Clock::advance(Duration amount) {
  if (amount < Duration::zero()) throw std::invalid_argument("advance: the step is negative");
  if (state_->advancing) throw std::logic_error("advance: called from a call that it makes");
  const TimePoint target = amount > TimePoint::max() - now_ ? TimePoint::max() : now_ + amount;
  state_->advancing = true;
  for (;;) {
    const std::optional<TimePoint> due = state_->timers.next_due();
    if (!due || *due > target) break;
    state_->timers.collect(std::max(now_, *due));
    run_due();
  }
  state_->advancing = false;
  now_ = target;
  if (state_->failure) std::rethrow_exception(std::exchange(state_->failure, nullptr));
}

// One batch: everything that is due at one moment, or a few moments that the queue keeps together.
void Clock::run_due() noexcept {
  while (TimerNode* node = state_->timers.pop_due()) {
    now_ = std::max(now_, node->due);
    node->fire(*node);
  }
}

void Clock::pump(std::span<const Duration> steps) {
  for (const Duration step : steps) advance(step);
}

void Clock::add_timer(TimerNode& node) noexcept { state_->timers.add(node); }
void Clock::add_timer(TimerNode& node, Duration after) noexcept {
  node.due = detail::saturating_add(now_, after);
  add_timer(node);
}
void Clock::remove_timer(TimerNode& node) noexcept { state_->timers.remove(node); }

std::vector<TimerNode*> Clock::queued_timers() const {
  std::vector<TimerNode*> nodes;
  state_->timers.for_each([&](TimerNode& node) { nodes.push_back(&node); });
  return nodes;
}

void Clock::expire(Suspension& waiter) noexcept { waiter.context().reactor().ready(waiter); }

void Clock::report_failed_call() noexcept {
  if (!state_->failure) {
    state_->failure = std::current_exception();
    return;
  }
  log_to_standard_error(
      LogRecord(LogLevel::error, "a delayed call threw: " + Failure::current().getErrorMessage()));
}

}  // namespace coil::testing
