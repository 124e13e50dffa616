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

Clock::Clock(TimePoint start) : ReactorTime(start), now_(start) {}

Clock::~Clock() {
  for (DelayedCall& call : getDelayedCalls()) call.cancel();
  if (!timers().empty()) {
    contract_violation("a Clock was destroyed while a task waited for it");
  }
}

void Clock::advance(Duration amount) {
  if (amount < Duration::zero()) throw std::invalid_argument("advance: the step is negative");
  if (advancing_) throw std::logic_error("advance: called from a call that it makes");
  const TimePoint target = amount > TimePoint::max() - now_ ? TimePoint::max() : now_ + amount;
  advancing_ = true;
  for (;;) {
    const std::optional<TimePoint> due = timers().next_due();
    if (!due || *due > target) break;
    timers().collect(std::max(now_, *due));
    run_due();
  }
  advancing_ = false;
  now_ = target;
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

// One batch: everything that is due at one moment, or a few moments that the queue keeps together.
void Clock::run_due() noexcept {
  while (TimerNode* node = timers().pop_due()) {
    now_ = std::max(now_, node->due);
    node->fire(*node);
  }
}

void Clock::pump(std::span<const Duration> steps) {
  for (const Duration step : steps) advance(step);
}

void Clock::expire(Suspension& waiter) noexcept { waiter.context().reactor().ready(waiter); }

void Clock::report_failed_call() noexcept {
  if (!failure_) {
    failure_ = std::current_exception();
    return;
  }
  log_to_standard_error(
      LogRecord(LogLevel::error, "a delayed call threw: " + Failure::current().getErrorMessage()));
}

}  // namespace coil::testing
