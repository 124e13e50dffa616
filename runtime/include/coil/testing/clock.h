// Clock: a ReactorTime whose time moves only when a test says so.
#pragma once

#include <coil/runtime/reactor_time.h>
#include <coil/runtime/time_point.h>

#include <exception>
#include <span>

namespace coil::testing {

// Clock: virtual time for timers, without any reactor.
//
// Example (tests/examples/clock_example.cpp, "advance"):
//
//   Clock clock;
//   int beeps = 0;
//   clock.callLater(std::chrono::seconds(3), [&] { ++beeps; });
//   clock.advance(std::chrono::seconds(2));   // Nothing yet.
//   clock.advance(std::chrono::seconds(1));   // One beep.
//
// Requires:   No task waits for the clock when it is destroyed (asserted). The reactor of a task
//             that awaits callLater(delay) outlives the wait; advance() puts such a task on its
//             reactor's ready list, and that reactor's loop resumes it.
// Guarantees: Each call sees the very moment it was due as now(). Calls are made in the order of
//             their due times, also those that are made, moved or cancelled meanwhile.
// Errors:     std::invalid_argument for a negative step; std::logic_error for advance() inside one
//             of its own calls.
// Source:     Twisted's task.Clock.
class Clock final : public ReactorTime {
 public:
  explicit Clock(TimePoint start = TimePoint());
  // Drops the calls that were not made.
  ~Clock() override;

  TimePoint now() const noexcept override { return now_; }

  // Moves time on by `amount`, making every call that falls due on the way. What a call schedules
  // for a moment on the way is made too: one that schedules itself with no delay never ends.
  //
  // Errors: The first exception that a call let escape, after every due call was made; what others
  //         let escape goes to standard error.
  void advance(Duration amount);
  // Advances by each step in turn.
  void pump(std::span<const Duration> steps);

 private:
  TimePoint read_coarse_clock() const noexcept override { return now_; }
  TimePoint renew_delay_base() noexcept override { return delay_base_ = now_; }
  void expire(Suspension& waiter) noexcept override;
  void report_failed_call() noexcept override;
  void run_due() noexcept;

  TimePoint now_;
  std::exception_ptr failure_;  // The first of this advance.
  bool advancing_ = false;
};

}  // namespace coil::testing
