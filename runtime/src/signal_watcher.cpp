// A watcher's signals: kept until they are taken, or given to who waits.
#include <coil/runtime/signal_watcher.h>

#include "signal_desk.h"

#include <stdexcept>

namespace coil {

namespace detail {

WatchedSignals::WatchedSignals(Reactor& reactor, std::span<const int> numbers)
    : reactor_(&reactor) {
  if (numbers.empty()) throw std::invalid_argument("SignalWatcher: no signal was named");
  for (const int number : numbers) {
    if (number <= 0 || number >= signals_max) {
      throw std::invalid_argument("SignalWatcher: there is no signal " + std::to_string(number));
    }
    wanted_.set(static_cast<std::size_t>(number));
  }
  SignalDesk& desk = SignalDesk::of(reactor);
  desk.add(*this);
  desk_ = &desk;
}

int WatchedSignals::take() noexcept {
  if (arrived_.none()) return 0;
  std::size_t number = 1;
  while (!arrived_.test(number)) ++number;
  arrived_.reset(number);
  return static_cast<int>(number);
}

void WatchedSignals::arrive(int number) noexcept {
  if (SignalWaiter* waiter = waiting_.pop_front()) {
    waiter->number = number;
    reactor_->ready(*waiter);
  } else {
    arrived_.set(static_cast<std::size_t>(number));
  }
}

void WatchedSignals::close() noexcept {
  if (closed()) return;
  std::exchange(desk_, nullptr)->remove(*this);
  arrived_.reset();
  while (SignalWaiter* waiter = waiting_.pop_front()) reactor_->ready(*waiter);
}

void WatchedSignals::abandon() noexcept {
  desk_ = nullptr;
  arrived_.reset();
  while (waiting_.pop_front() != nullptr) {
  }
}

}  // namespace detail

bool SignalWatcher::Next::begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
  auto* signals = static_cast<detail::WatchedSignals*>(kept());
  const bool open = signals != nullptr && !signals->closed();
  if (open && &signals->reactor() != &context.reactor()) {
    contract_violation("a task awaited the signals of another reactor");
  }
  if (!enter(context, waiter)) return false;
  number = open ? signals->take() : 0;
  if (number == 0 && open) {
    signals->add(*this);
    return true;
  }
  if (!context.reactor().spend_budget()) {
    context.reactor().ready(*this);
    return true;
  }
  leave();
  return false;
}

void SignalWatcher::Next::throw_closed() {
  throw_error(make_error_code(Errc::handle_closed), "SignalWatcher::next");
}

}  // namespace coil
