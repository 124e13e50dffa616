// What is written in a pid file. Included by the files that make one.
#pragma once

#include <filesystem>
#include <string_view>

namespace coil::detail {

// The number in the first line; 0 if it has anything but digits, so that it is nobody's.
long number_in(std::string_view text) noexcept;
// Throws PidFileHeld.
[[noreturn]] void refuse_held(const std::filesystem::path& name, long owner);

}  // namespace coil::detail
