// Signals in tests on POSIX systems.
#include "support/signals.h"

#include <signal.h>
#include <unistd.h>

namespace coil::testing {

const int signal_a = SIGHUP;
const int signal_b = SIGUSR1;
const int signal_c = SIGUSR2;
const std::array<int, 2> signals_withheld = {SIGKILL, SIGSTOP};

namespace {

struct sigaction disposition(int number) {
  struct sigaction now = {};
  ::sigaction(number, nullptr, &now);
  return now;
}

}  // namespace

void raise_in_process(int number) { ::kill(::getpid(), number); }

SignalFunction handler_of(int number) { return disposition(number).sa_handler; }

bool restarts_calls(int number) { return (disposition(number).sa_flags & SA_RESTART) != 0; }

Disposition::Disposition(int number, SignalFunction function) {
  put_back_ = [number, before = disposition(number)] { ::sigaction(number, &before, nullptr); };
  struct sigaction action = {};
  action.sa_handler = function;
  ::sigaction(number, &action, nullptr);
}

void count_signal(int) noexcept { ++signals_counted; }

}  // namespace coil::testing
