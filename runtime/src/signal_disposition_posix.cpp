// The disposition of a signal on POSIX systems, by sigaction(2).
#include "signal_disposition.h"

#include <coil/runtime/detail/watched_signals.h>

#include <signal.h>

namespace coil::detail {

namespace {

static_assert(NSIG <= signals_max);

struct sigaction previous[signals_max];

}  // namespace

bool take_signal(int number, SignalFunction handler, bool only_default) noexcept {
  struct sigaction now = {};
  if (::sigaction(number, nullptr, &now) != 0) return false;
  const bool ours = now.sa_handler == handler;
  if (only_default && (ours ? previous[number] : now).sa_handler != SIG_DFL) return false;
  if (ours) return true;
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART | (number == SIGCHLD ? SA_NOCLDSTOP : 0);
  if (::sigaction(number, &action, nullptr) != 0) return false;
  previous[number] = now;
  return true;
}

void give_back_signal(int number, SignalFunction handler) noexcept {
  struct sigaction now = {};
  if (::sigaction(number, nullptr, &now) != 0 || now.sa_handler != handler) return;
  ::sigaction(number, &previous[number], nullptr);
}

bool is_fault(int number) noexcept {
  return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL ||
         number == SIGABRT;
}

}  // namespace coil::detail
