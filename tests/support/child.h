// What the process tests share: the child program, and reading what it says.
#pragma once

#include <coil/process.h>
#include <coil/runtime.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "support/children.h"

namespace coil::testing {

// The program tests/process/child_posix.cpp, or that of another system, which does what its first
// argument says.
template <class... A>
Command child(A... arguments) {
  return Command(COIL_TEST_CHILD, std::move(arguments)...);
}

template <class Reader>
Task<std::string> all_of(Reader& reader) {
  std::string text;
  for (;;) {
    const BufferLease data = co_await reader.receive();
    if (data.empty()) co_return text;
    text += as_text(data.bytes());
  }
}

inline bool is_busy(Reactor& reactor) {
  return reactor.counters().submitted != reactor.counters().completed;
}

// Turns until no child is left, and nothing is in flight.
inline void settle(Reactor& reactor) {
  while (!has_no_child() || is_busy(reactor)) reactor.iterate(std::chrono::milliseconds(5));
}

}  // namespace coil::testing
