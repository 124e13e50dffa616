// What the contract tests of work in threads share.
#pragma once

#include <coil/threads.h>

#include <atomic>
#include <chrono>
#include <future>

#include "support/contract.h"

namespace coil::testing {

// The simulation runs work on its loop, one piece after the other: there are no threads to look at,
// and nothing comes between.
inline bool has_threads(const Contract& reactor) {
  if (reactor->name() != "simulated") return true;
  note_skip("simulated", "its work runs whole, on the loop: there are no threads to look at");
  return false;
}

// Lets the loop turn until it is so.
template <class Condition>
void turn_until(Reactor& reactor, Condition condition) {
  while (!condition()) reactor.iterate(std::chrono::milliseconds(1));
}

// Work that begins, and ends when it is told to.
class Blocked {
 public:
  void wait() {
    begun = true;
    end.get_future().wait();
  }
  std::atomic<bool> begun{false};
  std::promise<void> end;
};

}  // namespace coil::testing
