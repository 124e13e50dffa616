// What the system tells of processes in /proc. Included by the daemon pieces.
#pragma once

#include <ctime>

namespace coil::detail {

// How many threads this process has; 0 where the system does not tell.
int thread_count() noexcept;

// Whether a process that exists has run since `moment`: false for one that began later, or that has
// ended and was not waited for. True where the system does not tell.
bool has_run_since(long process, std::time_t moment) noexcept;

}  // namespace coil::detail
