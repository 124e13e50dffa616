// The error numbers of Windows, for its files above this module.
#pragma once

#include <system_error>

namespace coil::detail {

// The number of <cerrno> that means the same as a code of GetLastError or WSAGetLastError; one of
// coil's own where there is none. 0 stays 0.
int error_number(unsigned long windows_code) noexcept;
// What GetLastError says now.
std::error_code last_windows_error() noexcept;

}  // namespace coil::detail
