// The variables of a process on POSIX systems.
#include "variables.h"

#include "child_calls.h"

#include <string_view>

namespace coil {

Environment current_environment() {
  Environment variables;
  for (char** entry = detail::environment_of_process(); entry != nullptr && *entry != nullptr;
       ++entry) {
    const std::string_view text(*entry);
    const std::size_t end = text.find('=');
    if (end == std::string_view::npos || end == 0) continue;
    variables.emplace(text.substr(0, end), text.substr(end + 1));
  }
  return variables;
}

namespace detail {

Environment::const_iterator find_variable(const Environment& environment, const std::string& name) {
  return environment.find(name);
}

}  // namespace detail

}  // namespace coil
