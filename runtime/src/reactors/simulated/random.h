// Random: the only source of chance in a simulation. Included by the simulated reactor.
#pragma once

#include <cstdint>

namespace coil::detail {

// A generator whose whole sequence follows from its seed, on every platform alike.
//
// The standard's engines would do; its distributions differ between libraries, and then a seed from
// one machine would not replay on another.
//
// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014 (SplitMix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    return mix(state_);
  }
  // A number from 0 to limit - 1. The bias of the remainder is far below what a test can see.
  //
  // Requires: limit is not 0.
  std::uint64_t below(std::uint64_t limit) noexcept { return next() % limit; }
  // True once in `in` times.
  bool one_in(std::uint64_t in) noexcept { return below(in) == 0; }

  // Spreads every bit of `value` over the whole result.
  static constexpr std::uint64_t mix(std::uint64_t value) noexcept {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
  }

 private:
  std::uint64_t state_;
};

}  // namespace coil::detail
