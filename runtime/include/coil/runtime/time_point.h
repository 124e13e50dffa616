// The two time types of coil: every delay is a Duration, every moment a TimePoint.
//
// Example (tests/examples/timer_example.cpp, "time point"):
//
//   TimePoint later = reactor.now() + std::chrono::milliseconds(250);
//   co_await sleep_until(later);
//
// Units: Nanoseconds on the monotonic clock, also where a simulation supplies the time.
#pragma once

#include <chrono>

namespace coil {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

namespace detail {

// The sum, or the end of all time on the side that it lies beyond.
constexpr TimePoint saturating_add(TimePoint base, Duration after) noexcept {
  Duration::rep sum = 0;
  if (!__builtin_add_overflow(base.time_since_epoch().count(), after.count(), &sum)) {
    return TimePoint(Duration(sum));
  }
  return after > Duration::zero() ? TimePoint::max() : TimePoint::min();
}

}  // namespace detail

}  // namespace coil
