// What the system tells of processes in /proc. Included by the daemon pieces.
#pragma once

#include <ctime>

namespace coil::detail {

// How many threads this process has; 0 where the system does not tell.
int thread_count() noexcept;

// Whether a living process began after `moment`; false where the system does not tell.
bool began_after(long process, std::time_t moment) noexcept;

}  // namespace coil::detail
