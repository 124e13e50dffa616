// SIGPIPE on POSIX systems: a function that does nothing takes it.
#include "pipe_signal.h"

#include <signal.h>

#include <mutex>

namespace coil::detail {

namespace {

std::once_flag taken;

void ignore(int) noexcept {}

}  // namespace

// Not SIG_IGN, which a program that is executed by this one would inherit: a function is put back
// to the default by execve itself, and `child | head` ends as it does in a shell.
void survive_broken_pipes() noexcept {
  std::call_once(taken, [] {
    struct sigaction action;
    if (::sigaction(SIGPIPE, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) return;
    action.sa_handler = &ignore;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGPIPE, &action, nullptr);
  });
}

}  // namespace coil::detail
