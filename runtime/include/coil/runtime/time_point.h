// The two time types of coil: every delay is a Duration, every moment a TimePoint.
//
// Example:
//
//   TimePoint later = reactor.now() + std::chrono::milliseconds(250);
//
// Units: Nanoseconds on the monotonic clock, also where a simulation supplies the time.
#pragma once

#include <chrono>

namespace coil {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

}  // namespace coil
