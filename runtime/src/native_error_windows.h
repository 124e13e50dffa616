// Error numbers of Windows and of <cerrno>. Included by the Windows files of runtime/.
//
// Everything that is portable speaks of errors by the numbers of <cerrno>: a refused connection is
// ECONNREFUSED. What Windows reports is turned into the number that means the same; what has none
// keeps its own, moved behind all others.
#pragma once

#include <coil/runtime/error.h>
#include <coil/runtime/result.h>

namespace coil::detail {

// Numbers of Windows that mean nothing in <cerrno> begin here; those of Errc lie beyond.
inline constexpr int windows_error_base = 1 << 16;

// The number for a code of GetLastError or WSAGetLastError; 0 stays 0.
int error_number(unsigned long windows_code) noexcept;
// The same for the status of a request that has completed, an NTSTATUS.
int error_number_of_status(unsigned long status) noexcept;

// What GetLastError says now.
std::error_code last_windows_error() noexcept;

}  // namespace coil::detail
