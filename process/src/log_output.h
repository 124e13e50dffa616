// The file of a log, as the system has it. Included by log_file.cpp.
#pragma once

#include <coil/process/privileges.h>
#include <coil/runtime/owned_handle.h>

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace coil::detail {

// Opens a file to append to, and makes it if there is none; what it was may be renamed meanwhile.
std::error_code open_log(const std::filesystem::path& name, OwnedHandle& into) noexcept;
// Writes at least one byte, and tells how many.
std::error_code append_to_log(NativeHandle to, std::string_view text, std::size_t& size) noexcept;
std::error_code give_log_to(NativeHandle handle, const Identity& owner) noexcept;

}  // namespace coil::detail
