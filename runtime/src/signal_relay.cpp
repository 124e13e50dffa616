// Signals: the handler notes the number for each reactor and wakes its loop.
#include "signal_relay.h"

#include "signal_disposition.h"

#include <coil/runtime/reactor.h>

#include <cerrno>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace coil::detail {

namespace {

static_assert(std::atomic<SignalPort*>::is_always_lock_free);
static_assert(std::atomic<std::uint16_t>::is_always_lock_free);

// One signal: who wants it.
struct Record {
  int users = 0;
  std::atomic<int> watchers{0};  // Those of the users that are watchers.
};

std::mutex lock;  // For the records and the list, never the handler.
constinit std::atomic<SignalPort*> ports{nullptr};  // It only grows.
Record records[signals_max];
SignalPort* stopped_port = nullptr;  // Has the exit signals …
bool stops_on_interrupt = false;     // … and SIGINT among them.

Record& record_of(int number) noexcept { return records[static_cast<std::size_t>(number)]; }

// Takes the signal for one more user; false as take_signal has it.
bool take(int number, SignalFunction handler, bool only_default) noexcept {
  if (!take_signal(number, handler, only_default)) return false;
  ++record_of(number).users;
  return true;
}

void give_back(int number, SignalFunction handler) noexcept {
  if (--record_of(number).users == 0) give_back_signal(number, handler);
}

}  // namespace

// Whoever closes the port or ceases to want the signal waits until this has gone out again, so that
// the reactor that it finds is there.
bool SignalPort::arrive(int number) noexcept {
  const auto at = static_cast<std::size_t>(number);
  if (at >= wanted_.size()) return false;
  inside_.fetch_add(1);
  const bool wanted = wanted_[at].load() != 0;
  if (wanted) {
    arrived_[at].store(true, std::memory_order_relaxed);
    something_.store(true, std::memory_order_release);
    if (Reactor* reactor = reactor_.load()) reactor->wake();
  }
  inside_.fetch_sub(1);
  return wanted;
}

// What arrives behind the look at its number sets `something_` again, and is found by the next.
SignalSet SignalPort::take() noexcept {
  SignalSet numbers;
  if (!something_.exchange(false, std::memory_order_acquire)) return numbers;
  for (std::size_t number = 1; number < arrived_.size(); ++number) {
    if (!arrived_[number].load(std::memory_order_relaxed)) continue;
    numbers.set(number, arrived_[number].exchange(false, std::memory_order_relaxed));
  }
  return numbers;
}

void SignalPort::want(int number) noexcept { ++wanted_[static_cast<std::size_t>(number)]; }

void SignalPort::unwant(int number) noexcept {
  const auto at = static_cast<std::size_t>(number);
  if (--wanted_[at] != 0) return;
  settle();
  arrived_[at].store(false, std::memory_order_relaxed);
}

void SignalPort::settle() const noexcept {
  while (inside_.load() != 0) std::this_thread::yield();
}

void SignalRelay::on_signal(int number) noexcept {
  const int saved_errno = errno;
  for (SignalPort* port = ports.load(std::memory_order_acquire); port; port = port->next_) {
    port->arrive(number);
  }
  errno = saved_errno;
}

SignalPort& SignalRelay::open(Reactor& reactor) {
  const std::scoped_lock guard(lock);
  SignalPort* port = ports.load();
  while (port != nullptr && port->used_) port = port->next_;
  if (port == nullptr) {
    port = new SignalPort;
    port->next_ = ports.load();
    ports.store(port, std::memory_order_release);
  }
  port->used_ = true;
  port->reactor_.store(&reactor);
  return *port;
}

void SignalRelay::close(SignalPort& port) noexcept {
  port.reactor_.store(nullptr);
  port.settle();
  port.something_.store(false);
  const std::scoped_lock guard(lock);
  port.used_ = false;
}

void SignalRelay::require_watchable(int number) {
  if (!is_fault(number)) return;
  throw std::invalid_argument("signal " + std::to_string(number) +
                              " tells of a fault in the program and cannot be awaited");
}

void SignalRelay::watch(SignalPort& port, int number) {
  require_watchable(number);
  const std::scoped_lock guard(lock);
  // Wanted before it is taken: what comes at once is for this port as well.
  port.want(number);
  if (!take(number, &on_signal, false)) {
    port.unwant(number);
    throw std::invalid_argument("the system lets no program take signal " + std::to_string(number));
  }
  ++record_of(number).watchers;
}

void SignalRelay::unwatch(SignalPort& port, int number) noexcept {
  const std::scoped_lock guard(lock);
  --record_of(number).watchers;
  give_back(number, &on_signal);
  port.unwant(number);
}

bool SignalRelay::begin_stops(SignalPort& port) noexcept {
  const std::scoped_lock guard(lock);
  if (stopped_port != nullptr) return false;
  stopped_port = &port;
  port.want(SIGINT);
  stops_on_interrupt = take(SIGINT, &on_signal, true);
  if (!stops_on_interrupt) port.unwant(SIGINT);
  port.want(SIGTERM);
  take(SIGTERM, &on_signal, false);
  return true;
}

void SignalRelay::end_stops(SignalPort& port) noexcept {
  const std::scoped_lock guard(lock);
  stopped_port = nullptr;
  if (std::exchange(stops_on_interrupt, false)) {
    give_back(SIGINT, &on_signal);
    port.unwant(SIGINT);
  }
  give_back(SIGTERM, &on_signal);
  port.unwant(SIGTERM);
}

bool SignalRelay::is_exit_signal(int number) noexcept {
  return number == SIGINT || number == SIGTERM;
}

bool SignalRelay::is_watched(int number) noexcept { return record_of(number).watchers.load() != 0; }

}  // namespace coil::detail
