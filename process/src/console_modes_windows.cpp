// What is to be put back of consoles: by whoever changed it, at exit, and when the program aborts.
#include "console_modes_windows.h"

#include "pipe_windows.h"

#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

namespace coil::detail {

namespace {

std::mutex modes_mutex;
std::map<int, std::pair<HANDLE, DWORD>> modes;  // By descriptor, as they were.

void put_all_back() noexcept {
  for (const auto& [descriptor, mode] : modes) ::SetConsoleMode(mode.first, mode.second);
}

// What the program had for it before follows.
using SignalFunction = void (*)(int);
SignalFunction before_abort = SIG_DFL;

void on_abort(int number) noexcept {
  put_all_back();
  std::signal(number, before_abort);
  std::raise(number);
}

void watch_for_the_end() {
  static const int registered = std::atexit([] { put_all_back(); });
  static_cast<void>(registered);
  const SignalFunction now = std::signal(SIGABRT, &on_abort);
  if (now != &on_abort && now != SIG_ERR) before_abort = now;
}

}  // namespace

bool make_console_raw(int descriptor) {
  const std::lock_guard lock(modes_mutex);
  const HANDLE console = handle_of(descriptor);
  DWORD mode = 0;
  if (console == INVALID_HANDLE_VALUE || ::GetConsoleMode(console, &mode) == 0) return false;
  watch_for_the_end();
  modes.try_emplace(descriptor, console, mode);
  mode &= ~DWORD{ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_PROCESSED_INPUT};
  return ::SetConsoleMode(console, mode) != 0;
}

void put_console_back(int descriptor) noexcept {
  const std::lock_guard lock(modes_mutex);
  const auto found = modes.find(descriptor);
  if (found == modes.end()) return;
  ::SetConsoleMode(found->second.first, found->second.second);
  modes.erase(found);
}

}  // namespace coil::detail
