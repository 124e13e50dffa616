// Who of a reactor gets which signal.
#include "signal_desk.h"

#include "reactor_core.h"

#include <utility>

namespace coil::detail {

SignalDesk& SignalDesk::of(Reactor& reactor) noexcept { return reactor.core_->signals; }

SignalPort& SignalDesk::port() {
  if (port_ == nullptr) port_ = &SignalRelay::open(reactor_);
  return *port_;
}

void SignalDesk::add(WatchedSignals& watcher) {
  SignalSet taken;
  try {
    for (int number = 1; number < signals_max; ++number) {
      if (!watcher.wanted().test(static_cast<std::size_t>(number))) continue;
      SignalRelay::watch(port(), number, simulated_);
      taken.set(static_cast<std::size_t>(number));
    }
  } catch (...) {
    give_up(taken);
    throw;
  }
  watchers_.push_back(watcher);
}

void SignalDesk::remove(WatchedSignals& watcher) noexcept {
  watcher.unlink();
  give_up(watcher.wanted());
}

void SignalDesk::give_up(const SignalSet& numbers) noexcept {
  for (int number = 1; number < signals_max; ++number) {
    if (!numbers.test(static_cast<std::size_t>(number))) continue;
    SignalRelay::unwatch(*port_, number, simulated_);
  }
}

void SignalDesk::begin_stops() {
  if (stops_) stopping_ = SignalRelay::begin_stops(port());
}

void SignalDesk::end_stops() noexcept {
  if (std::exchange(stopping_, false)) SignalRelay::end_stops(*port_);
}

// A signal that came for a watcher which has been closed since is nobody's, but for the stop.
bool SignalDesk::give(int number) noexcept {
  bool given = false;
  watchers_.for_each([&](WatchedSignals& watcher) {
    if (!watcher.wanted().test(static_cast<std::size_t>(number))) return;
    watcher.arrive(number);
    given = true;
  });
  return given || !stopping_ || !SignalRelay::asks_stop(number);
}

void SignalDesk::close() noexcept {
  if (port_ == nullptr) return;
  end_stops();
  watchers_.for_each([&](WatchedSignals& watcher) {
    remove(watcher);
    watcher.abandon();
  });
  SignalRelay::close(*std::exchange(port_, nullptr));
}

}  // namespace coil::detail
