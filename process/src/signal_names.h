// The names of signals. Included by the source of commands.
#pragma once

namespace coil::detail {

// "TERM" for 15; null for a number that has no name.
const char* signal_name(int number) noexcept;
// One more than the last number that may have a name.
int signal_names_end() noexcept;

}  // namespace coil::detail
