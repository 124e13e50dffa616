// Exit signals on POSIX systems: the handler stores the number and wakes the loop.
#include "signal_relay.h"

#include <coil/runtime/reactor.h>

#include <signal.h>

#include <atomic>
#include <cerrno>

namespace coil::detail {

namespace {

std::atomic<Reactor*> receiver{nullptr};
std::atomic<int> arrived{0};
struct sigaction previous_int;
struct sigaction previous_term;
bool int_taken = false;
bool term_taken = false;

}  // namespace

void SignalRelay::on_signal(int number) noexcept {
  const int saved_errno = errno;
  arrived.store(number, std::memory_order_relaxed);
  if (Reactor* reactor = receiver.load(std::memory_order_acquire)) reactor->wake();
  errno = saved_errno;
}

void SignalRelay::install(int number, bool only_default) {
  struct sigaction& previous = number == SIGINT ? previous_int : previous_term;
  bool& taken = number == SIGINT ? int_taken : term_taken;
  ::sigaction(number, nullptr, &previous);
  if (only_default && previous.sa_handler != SIG_DFL) return;
  struct sigaction action = {};
  action.sa_handler = &on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  ::sigaction(number, &action, nullptr);
  taken = true;
}

void SignalRelay::restore(int number) {
  struct sigaction& previous = number == SIGINT ? previous_int : previous_term;
  bool& taken = number == SIGINT ? int_taken : term_taken;
  if (taken) ::sigaction(number, &previous, nullptr);
  taken = false;
}

bool SignalRelay::acquire(Reactor& reactor) {
  Reactor* nobody = nullptr;
  if (!receiver.compare_exchange_strong(nobody, &reactor)) return false;
  arrived.store(0, std::memory_order_relaxed);
  install(SIGINT, true);
  install(SIGTERM, false);
  return true;
}

void SignalRelay::release(Reactor& reactor) {
  if (receiver.load() != &reactor) return;
  restore(SIGINT);
  restore(SIGTERM);
  receiver.store(nullptr);
}

int SignalRelay::take(Reactor& reactor) noexcept {
  if (arrived.load(std::memory_order_relaxed) == 0 || receiver.load() != &reactor) return 0;
  return arrived.exchange(0);
}

}  // namespace coil::detail
