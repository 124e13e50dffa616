// The names of signals on macOS and the BSDs, whose table has them in small letters in part.
#include "signal_names.h"

#include <signal.h>

#include <array>
#include <cctype>
#include <cstddef>

namespace coil::detail {

namespace {

using Name = std::array<char, 16>;

std::array<Name, NSIG> upper_case_names() noexcept {
  std::array<Name, NSIG> names = {};
  for (std::size_t number = 1; number < names.size(); ++number) {
    const char* from = ::sys_signame[number];
    for (std::size_t at = 0; from != nullptr && from[at] != 0 && at + 1 < names[number].size();
         ++at) {
      names[number][at] = static_cast<char>(std::toupper(static_cast<unsigned char>(from[at])));
    }
  }
  return names;
}

}  // namespace

const char* signal_name(int number) noexcept {
  static const std::array<Name, NSIG> names = upper_case_names();
  if (number <= 0 || number >= NSIG) return nullptr;
  const Name& name = names[static_cast<std::size_t>(number)];
  return name[0] == 0 ? nullptr : name.data();
}

int signal_names_end() noexcept { return NSIG; }

}  // namespace coil::detail
