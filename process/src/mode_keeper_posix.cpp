// A small table that signal handlers can read: no lock, no memory.
#include "mode_keeper.h"

#include <coil/runtime/error.h>

#include <fcntl.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace coil::detail {

namespace {

enum class Kept : int { nothing, flags, modes };

// A handler that runs while an entry is being filled sees `nothing`.
struct Entry {
  std::atomic<Kept> kept{Kept::nothing};
  int descriptor = -1;
  int flags = 0;
  termios modes = {};

  void put_back() noexcept {
    const Kept what = kept.exchange(Kept::nothing);
    if (what == Kept::flags) ::fcntl(descriptor, F_SETFL, flags);
    if (what == Kept::modes) set_modes();
  }
  // A program in the background would be stopped for it, instead of ending.
  void set_modes() noexcept {
    sigset_t stop;
    sigset_t before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &stop, &before);
    ::tcsetattr(descriptor, TCSANOW, &modes);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
};

// A signal of a crash, and what happened there before.
struct CrashSignal {
  int number;
  struct sigaction previous = {};
};

std::array<CrashSignal, 6> crash_signals = {
    {{SIGABRT}, {SIGBUS}, {SIGFPE}, {SIGILL}, {SIGSEGV}, {SIGSYS}}};
std::array<Entry, 16> entries;
std::mutex entries_mutex;

void put_all_back() noexcept {
  for (Entry& entry : entries) entry.put_back();
}

// What happened there before follows once this returns, and may itself call what it found there:
// this, of an earlier time. The default follows then.
void on_crash(int number) noexcept {
  put_all_back();
  for (CrashSignal& signal : crash_signals) {
    if (signal.number != number) continue;
    struct sigaction by_default = {};
    by_default.sa_handler = SIG_DFL;
    const struct sigaction next = std::exchange(signal.previous, by_default);
    ::sigaction(number, &next, nullptr);
  }
  ::raise(number);
}

void watch_for_the_end() {
  static const int registered = std::atexit([] { put_all_back(); });
  static_cast<void>(registered);
  for (CrashSignal& signal : crash_signals) {
    struct sigaction current = {};
    ::sigaction(signal.number, nullptr, &current);
    if (current.sa_handler == &on_crash) continue;
    signal.previous = current;
    struct sigaction action = {};
    action.sa_handler = &on_crash;
    sigemptyset(&action.sa_mask);
    ::sigaction(signal.number, &action, nullptr);
  }
}

Entry& free_entry() {
  watch_for_the_end();
  for (Entry& entry : entries) {
    if (entry.kept.load() == Kept::nothing) return entry;
  }
  throw_error(std::make_error_code(std::errc::too_many_files_open), "standard streams");
}

}  // namespace

void ModeKeeper::keep_flags(int descriptor, int flags) {
  const std::lock_guard lock(entries_mutex);
  Entry& entry = free_entry();
  entry.descriptor = descriptor;
  entry.flags = flags;
  entry.kept.store(Kept::flags);
}

void ModeKeeper::keep_modes(int descriptor, const termios& modes) {
  const std::lock_guard lock(entries_mutex);
  for (const Entry& entry : entries) {
    if (entry.descriptor == descriptor && entry.kept.load() == Kept::modes) return;
  }
  Entry& entry = free_entry();
  entry.descriptor = descriptor;
  entry.modes = modes;
  entry.kept.store(Kept::modes);
}

void ModeKeeper::put_back(int descriptor) noexcept {
  const std::lock_guard lock(entries_mutex);
  for (Entry& entry : entries) {
    if (entry.descriptor == descriptor) entry.put_back();
  }
}

}  // namespace coil::detail
