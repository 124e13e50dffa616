// The signals that have arrived for one reactor, and who of it wants them. Included by the reactor
// core and by what raises a simulated signal.
#pragma once

#include "signal_relay.h"

#include <coil/runtime/detail/watched_signals.h>

#include <cstddef>
#include <utility>

namespace coil::detail {

class SignalDesk {
 public:
  explicit SignalDesk(Reactor& reactor) noexcept : reactor_(reactor) {}
  SignalDesk(const SignalDesk&) = delete;
  SignalDesk& operator=(const SignalDesk&) = delete;
  ~SignalDesk() { close(); }

  static SignalDesk& of(Reactor& reactor) noexcept;

  // Watchers hear nothing of the process from here on: raise() tells them.
  void simulate() noexcept { simulated_ = true; }
  // As if the signal had come; false if nobody here wants it.
  bool raise(int number) noexcept;

  // Errors: std::invalid_argument for a signal that cannot be watched; nothing is changed then.
  void add(WatchedSignals& watcher);
  void remove(WatchedSignals& watcher) noexcept;

  // Whether exit signals stop the reactor …
  void set_stops(bool stop) noexcept { stops_ = stop; }
  // … which they do between these two, if no other reactor has them.
  void begin_stops();
  void end_stops() noexcept;

  bool due() const noexcept { return raised_.any() || (port_ != nullptr && port_->anything()); }
  // Gives what has arrived to the watchers, and what none of the process watches for to `stop`.
  template <class Stop>
  void deliver(Stop stop) {
    const SignalSet arrived = port_ == nullptr ? SignalSet() : port_->take();
    const SignalSet raised = std::exchange(raised_, SignalSet());
    for (std::size_t at = 1; at < arrived.size(); ++at) {
      const auto number = static_cast<int>(at);
      if (!arrived.test(at) && !raised.test(at)) continue;
      if ((simulated_ ? raised : arrived).test(at) && give(number)) continue;
      if (asks_stop(number, raised.test(at))) stop(number);
    }
  }

  // Closes every watcher and gives all signals back.
  void close() noexcept;

 private:
  SignalPort& port();
  void give_up(const SignalSet& numbers) noexcept;
  bool wants(int number) noexcept;
  // False if no watcher here wants it.
  bool give(int number) noexcept;
  bool asks_stop(int number, bool raised) const noexcept;

  Reactor& reactor_;
  SignalPort* port_ = nullptr;  // Once something is wanted.
  IntrusiveList<WatchedSignals> watchers_;
  SignalSet raised_;
  bool simulated_ = false;
  bool stops_ = true;
  bool stopping_ = false;  // It has the exit signals.
};

}  // namespace coil::detail
