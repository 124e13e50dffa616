// The variables of a process on Windows, which tells them apart without regard to case.
#include "variables.h"

#include "text_windows.h"

#include <windows.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace coil {

Environment current_environment() {
  struct Free {
    void operator()(wchar_t* block) const noexcept { ::FreeEnvironmentStringsW(block); }
  };
  Environment variables;
  const std::unique_ptr<wchar_t, Free> block(::GetEnvironmentStringsW());
  if (block == nullptr) return variables;
  for (std::wstring_view entry(block.get()); !entry.empty();
       entry = std::wstring_view(entry.data() + entry.size() + 1)) {
    const std::size_t end = entry.find(L'=');
    // What begins with it is where each drive was: the shell's, and nobody's variable.
    if (end == std::wstring_view::npos || end == 0) continue;
    variables.emplace(detail::to_utf8(entry.substr(0, end)),
                      detail::to_utf8(entry.substr(end + 1)));
  }
  return variables;
}

namespace detail {

Environment::const_iterator find_variable(const Environment& environment, const std::string& name) {
  const std::wstring wanted = to_wide(name, "the name of a variable");
  return std::find_if(environment.begin(), environment.end(), [&](const auto& variable) {
    const std::wstring known = to_wide(variable.first, "the name of a variable");
    return ::CompareStringOrdinal(known.data(), static_cast<int>(known.size()), wanted.data(),
                                  static_cast<int>(wanted.size()), TRUE) == CSTR_EQUAL;
  });
}

}  // namespace detail

}  // namespace coil
