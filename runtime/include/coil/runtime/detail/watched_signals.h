// WatchedSignals: what one SignalWatcher waits for, and what has come for it.
#pragma once

#include <coil/runtime/detail/intrusive_list.h>
#include <coil/runtime/suspension.h>

#include <bitset>
#include <span>
#include <utility>

namespace coil::detail {

class SignalDesk;

// Signals are numbered from 1; no system has as many as this.
inline constexpr int signals_max = 128;
using SignalSet = std::bitset<signals_max>;

// A task that waits for a signal, and which one it got; 0 if the watcher was closed.
class SignalWaiter : public Suspension {
 public:
  SignalWaiter() noexcept : Suspension(&give_up) {}
  SignalWaiter(SignalWaiter&&) noexcept = default;

  int number = 0;

 protected:
  ~SignalWaiter() = default;

 private:
  static void give_up(Suspension& self) noexcept {
    self.unlink();
    static_cast<SignalWaiter&>(self).finish_cancelled();
  }
};

class WatchedSignals : public ListHook {
 public:
  // Errors: std::invalid_argument for an empty set, and for a signal that cannot be watched.
  WatchedSignals(Reactor& reactor, std::span<const int> numbers);
  WatchedSignals(const WatchedSignals&) = delete;
  WatchedSignals& operator=(const WatchedSignals&) = delete;
  ~WatchedSignals() { close(); }

  Reactor& reactor() const noexcept { return *reactor_; }
  bool closed() const noexcept { return desk_ == nullptr; }
  const SignalSet& wanted() const noexcept { return wanted_; }
  // Takes the lowest number that has come; 0 if none has.
  int take() noexcept;
  void add(SignalWaiter& waiter) noexcept { waiting_.push_back(waiter); }
  // Gives a signal to the longest waiter, or keeps it.
  void arrive(int number) noexcept;
  void close() noexcept;
  // Forgets the desk and whoever waits, since the loop that would resume them has ended.
  void abandon() noexcept;

 private:
  Reactor* reactor_;
  SignalDesk* desk_ = nullptr;
  SignalSet wanted_;
  SignalSet arrived_;
  IntrusiveList<SignalWaiter> waiting_;
};

}  // namespace coil::detail
