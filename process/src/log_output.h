// The file of a log, as the system has it. Included by log_file.cpp.
#pragma once

#include <coil/process/privileges.h>
#include <coil/runtime/owned_handle.h>

#include <filesystem>
#include <string_view>
#include <system_error>

namespace coil::detail {

// Opens a file to append to, and makes it if there is none; what it was may be renamed meanwhile.
std::error_code open_log(const std::filesystem::path& name, OwnedHandle& into) noexcept;
// A part of a line that was written before an error stays without its end.
std::error_code append_to_log(NativeHandle to, std::string_view line) noexcept;
std::error_code give_log_to(NativeHandle handle, const Identity& owner) noexcept;

}  // namespace coil::detail
