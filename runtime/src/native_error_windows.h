// Error numbers of Windows and of <cerrno>. Included by the Windows files of runtime/.
//
// Everything that is portable speaks of errors by the numbers of <cerrno>: a refused connection is
// ECONNREFUSED. What Windows reports is turned into the number that means the same; what has none
// keeps its own, moved behind all others.
#pragma once

#include <coil/runtime/detail/windows_error.h>
#include <coil/runtime/error.h>
#include <coil/runtime/result.h>

namespace coil::detail {

// Numbers of Windows that mean nothing in <cerrno> begin here; those of Errc lie beyond.
inline constexpr int windows_error_base = 1 << 16;

// The number for the status of a request that has completed, an NTSTATUS.
int error_number_of_status(unsigned long status) noexcept;

}  // namespace coil::detail
