// The names of signals on Windows: those of its C library, and those that end other processes.
#include "signal_names.h"

#include "native_child.h"

#include <signal.h>

namespace coil::detail {

const char* signal_name(int number) noexcept {
  switch (number) {
    case SIGINT:
      return "INT";
    case SIGILL:
      return "ILL";
    case SIGFPE:
      return "FPE";
    case signal_kill:
      return "KILL";
    case SIGSEGV:
      return "SEGV";
    case SIGTERM:
      return "TERM";
    case SIGBREAK:
      return "BREAK";
    case SIGABRT:
      return "ABRT";
  }
  return nullptr;
}

int signal_names_end() noexcept { return NSIG; }

}  // namespace coil::detail
