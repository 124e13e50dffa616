// ReactorCounters: figures of a reactor's life.
#pragma once

#include <cstdint>

namespace coil {

// Counters of a reactor's life, for tests, samples and curiosity.
//
// Example (tests/examples/reactor_example.cpp, "counters"):
//
//   std::uint64_t turns = reactor.counters().turns;
class ReactorCounters {
 public:
  ReactorCounters() noexcept {}
  std::uint64_t turns = 0;
  std::uint64_t resumptions = 0;
  std::uint64_t submitted = 0;
  std::uint64_t completed = 0;  // Equal to `submitted` when nothing is in flight.
};

}  // namespace coil
