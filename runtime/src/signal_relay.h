// The signals of the process: which are taken, and which reactors are told. Included by
// signal_desk.h.
#pragma once

#include <coil/runtime/detail/watched_signals.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace coil {
class Reactor;
}

namespace coil::detail {

// What has arrived for one reactor. A port is never freed, since a handler may be looking at any:
// it is used again by a later reactor.
class SignalPort {
 public:
  SignalPort() noexcept {}
  SignalPort(const SignalPort&) = delete;
  SignalPort& operator=(const SignalPort&) = delete;

  // Notes a signal and wakes the loop; false, and nothing, if it is not wanted here.
  //
  // Threads: Any thread, and signal handlers.
  bool arrive(int number) noexcept;

  bool wants(int number) const noexcept {
    return wanted_[static_cast<std::size_t>(number)].load() != 0;
  }
  bool anything() const noexcept { return something_.load(std::memory_order_relaxed); }
  // Takes all that have arrived.
  SignalSet take() noexcept;

 private:
  friend class SignalRelay;

  void want(int number) noexcept;
  void unwant(int number) noexcept;
  // Waits until no handler looks at this port that might have seen what it said before.
  void settle() const noexcept;

  std::atomic<Reactor*> reactor_{nullptr};
  mutable std::atomic<int> inside_{0};  // Handlers that look at it now.
  std::atomic<bool> something_{false};
  std::array<std::atomic<std::uint16_t>, signals_max> wanted_{};  // By how many.
  std::array<std::atomic<bool>, signals_max> arrived_{};
  bool used_ = false;
  SignalPort* next_ = nullptr;
};

// Which signals of the process are taken. A disposition is taken with the first who wants the
// signal, and put back with the last.
//
// Threads: Any thread.
class SignalRelay {
 public:
  static SignalPort& open(Reactor& reactor);
  // Requires: It wants nothing.
  static void close(SignalPort& port) noexcept;

  // Errors: std::invalid_argument for a signal that tells of a fault.
  static void require_watchable(int number);
  // Lets the port have a signal.
  //
  // Errors: std::invalid_argument if it is none that can be watched.
  static void watch(SignalPort& port, int number);
  static void unwatch(SignalPort& port, int number) noexcept;

  // Lets the port have the exit signals: SIGINT, unless the program has something of its own for
  // it, and SIGTERM. False if another has them.
  static bool begin_stops(SignalPort& port) noexcept;
  static void end_stops(SignalPort& port) noexcept;
  static bool is_exit_signal(int number) noexcept;
  // Whether a watcher of the process has it.
  static bool is_watched(int number) noexcept;

 private:
  static void on_signal(int number) noexcept;
};

}  // namespace coil::detail
