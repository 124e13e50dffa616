// The names of signals on Linux, as its library has them.
#include "signal_names.h"

#include <signal.h>
#include <string.h>

namespace coil::detail {

const char* signal_name(int number) noexcept { return ::sigabbrev_np(number); }

int signal_names_end() noexcept { return SIGRTMIN; }

}  // namespace coil::detail
