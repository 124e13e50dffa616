// Text as Windows has it. Included by the Windows files of this module.
#pragma once

#include <string>
#include <string_view>

namespace coil::detail {

// From UTF-8, as all of the library speaks it, and back.
//
// Errors: std::invalid_argument if it is no UTF-8, which names `what`.
std::wstring to_wide(std::string_view text, const char* what);
std::string to_utf8(std::wstring_view text);

// Throws a SystemError of GetLastError.
[[noreturn]] void throw_last(const std::string& what);
// Throws that Windows has no such thing; the sentence says which.
[[noreturn]] void refuse(const std::string& sentence);

}  // namespace coil::detail
