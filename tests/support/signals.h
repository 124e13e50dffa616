// Signals in tests: raising one for the reactor under test, and what the process does about one.
#pragma once

#include <coil/testing/simulated_reactor.h>
#include <signal.h>

#include <atomic>

namespace coil::testing {

// Raises a signal where the reactor hears it: a simulated one does not listen to the process.
inline void raise_for(Reactor& reactor, int number) {
  if (auto* simulated = dynamic_cast<SimulatedReactor*>(&reactor)) {
    simulated->raise_signal(number);
  } else {
    ::raise(number);
  }
}

using SignalFunction = void (*)(int);

// What the process does now about a signal.
inline struct sigaction disposition(int number) {
  struct sigaction now = {};
  ::sigaction(number, nullptr, &now);
  return now;
}

inline bool handled_by(int number, SignalFunction function) {
  return disposition(number).sa_handler == function;
}

// Sets what the process does about a signal, and puts back what it did.
class Disposition {
 public:
  Disposition(int number, SignalFunction function) : number_(number) {
    struct sigaction action = {};
    action.sa_handler = function;
    ::sigaction(number, &action, &before_);
  }
  Disposition(const Disposition&) = delete;
  Disposition& operator=(const Disposition&) = delete;
  ~Disposition() { ::sigaction(number_, &before_, nullptr); }

 private:
  const int number_;
  struct sigaction before_ = {};
};

inline std::atomic<int> signals_counted{0};
inline void count_signal(int) noexcept { ++signals_counted; }

}  // namespace coil::testing
