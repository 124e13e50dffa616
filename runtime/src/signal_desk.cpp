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
      if (simulated_) {
        SignalRelay::require_watchable(number);
      } else {
        SignalRelay::watch(port(), number);
      }
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
    if (!simulated_) {
      SignalRelay::unwatch(*port_, number);
    } else if (!wants(number)) {
      raised_.reset(static_cast<std::size_t>(number));
    }
  }
}

bool SignalDesk::raise(int number) noexcept {
  if (number <= 0 || number >= signals_max || !wants(number)) return false;
  raised_.set(static_cast<std::size_t>(number));
  reactor_.wake();
  return true;
}

bool SignalDesk::wants(int number) noexcept {
  bool wanted = port_ != nullptr && port_->wants(number);
  watchers_.for_each([&](WatchedSignals& watcher) {
    wanted = wanted || watcher.wanted().test(static_cast<std::size_t>(number));
  });
  return wanted;
}

void SignalDesk::begin_stops() {
  if (stops_) stopping_ = SignalRelay::begin_stops(port());
}

void SignalDesk::end_stops() noexcept {
  if (std::exchange(stopping_, false)) SignalRelay::end_stops(*port_);
}

bool SignalDesk::give(int number) noexcept {
  bool given = false;
  watchers_.for_each([&](WatchedSignals& watcher) {
    if (!watcher.wanted().test(static_cast<std::size_t>(number))) return;
    watcher.arrive(number);
    given = true;
  });
  return given;
}

// A signal that came for a watcher which has been closed since is nobody's, but for the stop. Who
// watches in the process has no say in a simulation.
bool SignalDesk::asks_stop(int number, bool raised) const noexcept {
  if (!stopping_ || !SignalRelay::is_exit_signal(number)) return false;
  return raised || !SignalRelay::is_watched(number);
}

void SignalDesk::close() noexcept {
  end_stops();
  watchers_.for_each([&](WatchedSignals& watcher) {
    remove(watcher);
    watcher.abandon();
  });
  if (port_ != nullptr) SignalRelay::close(*std::exchange(port_, nullptr));
}

}  // namespace coil::detail
