// Runs a scenario again and again, cancelled one step later each time, and looks what it leaves.
#pragma once

#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace coil::testing {

// Where a scenario is cancelled: right before one of its awaits, which then must throw although it
// might not have had to wait, or between two turns of the loop, while it waits.
class CancelPoint {
 public:
  static constexpr unsigned never = ~0U;

  CancelPoint(unsigned before_await, unsigned after_turns) noexcept
      : before_await_(before_await), after_turns_(after_turns) {}
  CancelPoint(const CancelPoint&) = delete;

  // A scenario calls this right before each of its awaits.
  void here() {
    if (awaits_++ == before_await_) cancel();
  }
  bool struck() const noexcept { return struck_; }

  void begin(Reactor& reactor, TaskContext& scope) {
    reactor_ = &reactor;
    scope_ = &scope;
    if (after_turns_ != never) count_turn();
  }
  void end() {
    scope_ = nullptr;
    if (next_turn_.active()) next_turn_.cancel();
    next_turn_ = DelayedCall();
  }

 private:
  // Not zero, which would hold simulated time still.
  static constexpr Duration between_turns = std::chrono::microseconds(1);

  void cancel() {
    struck_ = true;
    scope_->cancel();
  }
  // A turn in which nobody was resumed is no step: the scenario is where it was.
  void count_turn() {
    if (scope_ == nullptr) return;
    const std::uint64_t resumptions = reactor_->counters().resumptions;
    const bool stepped = std::exchange(resumptions_, resumptions) != resumptions;
    if (stepped && turns_++ == after_turns_) {
      cancel();
    } else {
      next_turn_ = reactor_->callLater(between_turns, [this] { count_turn(); });
    }
  }

  const unsigned before_await_;
  const unsigned after_turns_;
  Reactor* reactor_ = nullptr;
  TaskContext* scope_ = nullptr;
  DelayedCall next_turn_;
  unsigned awaits_ = 0;
  unsigned turns_ = 0;
  std::uint64_t resumptions_ = 0;
  bool struck_ = false;
};

namespace steps {

using Scenario = std::function<Task<void>(CancelPoint&)>;

// False when the scenario had come to its end before it could be cancelled.
inline bool run_once(Reactor& reactor, const Scenario& scenario, unsigned awaits, unsigned turns) {
  CAPTURE(awaits);
  CAPTURE(turns);
  const std::int64_t frames = detail::FramePool::live();
  const std::size_t handles = reactor.handles().size();
  CancelPoint point(awaits, turns);
  auto guarded = [&]() -> Task<void> {
    point.begin(reactor, co_await current_context());
    try {
      co_await scenario(point);
    } catch (const Cancelled&) {
      CHECK(point.struck());
    }
    point.end();
  };
  run(reactor, guarded());
  // What was closed is given back when its last completion has come, and a task behind a Deferred
  // ends by itself; what never does is a hang.
  while (reactor.handles().size() != handles || reactor.next_deadline() != TimePoint::max()) {
    reactor.iterate(std::chrono::milliseconds(1));
  }
  CHECK(reactor.counters().submitted == reactor.counters().completed);
  CHECK(reactor.buffers().held() == 0);
  CHECK(reactor.getDelayedCalls().empty());
  CHECK(detail::FramePool::live() == frames);
  return point.struck();
}

}  // namespace steps

// The scenario checks by itself that nothing it was told is untrue; what must hold in every case,
// that nothing is left over, is checked here.
inline void cancel_at_each_step(Reactor& reactor, const steps::Scenario& scenario) {
  unsigned awaits = 0;
  while (steps::run_once(reactor, scenario, awaits, CancelPoint::never)) ++awaits;
  CHECK(awaits > 0);
  unsigned turns = 0;
  while (steps::run_once(reactor, scenario, CancelPoint::never, turns)) ++turns;
  CHECK(turns > 0);
}

}  // namespace coil::testing
