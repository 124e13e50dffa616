// Signals in tests: raising one for the reactor under test, and what the process does about one.
#pragma once

#include <coil/testing/simulated_reactor.h>

#include <array>
#include <atomic>
#include <csignal>
#include <functional>

namespace coil::testing {

// Signals that a program may take, in the order of their numbers.
extern const int signal_a;
extern const int signal_b;
extern const int signal_c;
// Those that it may not.
extern const std::array<int, 2> signals_withheld;

// Raises a signal where the reactor hears it: a simulated one does not listen to the process.
inline void raise_for(Reactor& reactor, int number) {
  if (auto* simulated = dynamic_cast<SimulatedReactor*>(&reactor)) {
    simulated->raise_signal(number);
  } else {
    std::raise(number);
  }
}

// Raises it for the process: any of its threads may take it.
void raise_in_process(int number);

using SignalFunction = void (*)(int);

// What the process does now about a signal.
SignalFunction handler_of(int number);
inline bool handled_by(int number, SignalFunction function) {
  return handler_of(number) == function;
}
// Whether system calls go on that the signal interrupts.
bool restarts_calls(int number);

// Sets what the process does about a signal, and puts back what it did.
class Disposition {
 public:
  Disposition(int number, SignalFunction function);
  Disposition(const Disposition&) = delete;
  Disposition& operator=(const Disposition&) = delete;
  ~Disposition() { put_back_(); }

 private:
  std::function<void()> put_back_;
};

inline std::atomic<int> signals_counted{0};
void count_signal(int number) noexcept;

}  // namespace coil::testing
