// The signals of Windows: those that a program raises, by the C library, and the events of its
// console: Ctrl-C is SIGINT, Ctrl-Break is SIGBREAK, and the end of the console, of the session or
// of the machine is SIGTERM.
#include "signal_disposition.h"

#include <coil/runtime/detail/watched_signals.h>

#include <windows.h>

#include <atomic>
#include <csignal>

namespace coil::detail {

namespace {

static_assert(NSIG <= signals_max);

void nobody(int) noexcept {}

std::atomic<SignalFunction> told{&nobody};  // There is one for the whole process.
SignalFunction previous[signals_max];

bool exists(int number) noexcept {
  return number == SIGINT || number == SIGTERM || number == SIGBREAK;
}

// The library puts the default back before it calls.
void heard(int number) noexcept {
  std::signal(number, &heard);
  told.load()(number);
}

// Setting and putting back, for not every library can be asked without setting. Where the function
// is ours already, no signal is missed meanwhile.
SignalFunction disposition(int number) noexcept {
  const SignalFunction now = std::signal(number, &heard);
  if (now != &heard) std::signal(number, now);
  return now;
}

// On a thread of the system's. When this returns from the end of a console, the process is ended.
BOOL WINAPI on_console_event(DWORD event) noexcept {
  int number = SIGTERM;
  if (event == CTRL_C_EVENT) number = SIGINT;
  if (event == CTRL_BREAK_EVENT) number = SIGBREAK;
  if (disposition(number) != &heard) return FALSE;
  told.load()(number);
  if (number == SIGTERM) ::Sleep(INFINITE);
  return TRUE;
}

}  // namespace

bool take_signal(int number, SignalFunction handler, bool only_default) noexcept {
  if (!exists(number)) return false;
  const SignalFunction now = disposition(number);
  const bool ours = now == &heard;
  if (only_default && (ours ? previous[number] : now) != SIG_DFL) return false;
  if (ours) return true;
  told.store(handler);
  if (std::signal(number, &heard) == SIG_ERR) return false;
  previous[number] = now;
  [[maybe_unused]] static const BOOL installed = ::SetConsoleCtrlHandler(&on_console_event, TRUE);
  return true;
}

void give_back_signal(int number, SignalFunction) noexcept {
  if (disposition(number) == &heard) std::signal(number, previous[number]);
}

bool is_fault(int number) noexcept {
  return number == SIGSEGV || number == SIGFPE || number == SIGILL || number == SIGABRT;
}

}  // namespace coil::detail
