// The one line in which a program of Windows gets its arguments. Included by spawn_windows.cpp.
#pragma once

#include <string>
#include <vector>

namespace coil::detail {

// Joins a name and arguments, so that CommandLineToArgvW and the C libraries take them apart again.
//
// Errors: std::invalid_argument for a name with a quotation mark, which cannot be said there.
// Source: CommandLineToArgvW.
std::wstring command_line(const std::wstring& name, const std::vector<std::wstring>& arguments);

}  // namespace coil::detail
