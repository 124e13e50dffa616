// Signals in tests on Windows.
#include "support/signals.h"

namespace coil::testing {

const int signal_a = SIGINT;
const int signal_b = SIGTERM;
const int signal_c = SIGBREAK;
const std::array<int, 2> signals_withheld = {1, 9};  // Known elsewhere, not here.

void raise_in_process(int number) { std::raise(number); }

SignalFunction handler_of(int number) {
  const SignalFunction now = std::signal(number, SIG_IGN);
  std::signal(number, now);
  return now;
}

bool restarts_calls(int) { return true; }  // Nothing is interrupted.

Disposition::Disposition(int number, SignalFunction function) {
  put_back_ = [number, before = std::signal(number, function)] { std::signal(number, before); };
}

// The library forgets a handler before it calls it.
void count_signal(int number) noexcept {
  std::signal(number, &count_signal);
  ++signals_counted;
}

}  // namespace coil::testing
