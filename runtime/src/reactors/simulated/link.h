// Link: what chance does to whatever travels through the simulated network. Included by it.
#pragma once

#include "random.h"

#include <coil/runtime/time_point.h>
#include <coil/testing/simulated_network.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace coil::detail {

class Link {
 public:
  Link(Random& random, const testing::SimulatedNetwork& settings) noexcept
      : random_(random), settings_(settings) {}

  Duration latency() noexcept {
    const Duration least = settings_.latency_least();
    const auto spread = static_cast<std::uint64_t>((settings_.latency_most() - least).count());
    return least + Duration(static_cast<Duration::rep>(random_.below(spread + 1)));
  }
  // How many of `size` bytes move at once. Half of the transfers are whole, a quarter is a handful
  // of bytes, since that is where parsers break, and a quarter is anything.
  std::size_t piece(std::size_t size) noexcept {
    if (size < 2 || !settings_.partial_transfers()) return size;
    const std::uint64_t choice = random_.below(4);
    if (choice == 0) return 1 + random_.below(size);
    if (choice == 1) return std::min<std::size_t>(size, 1 + random_.below(16));
    return size;
  }
  bool loses_datagram() noexcept {
    return settings_.datagram_loss() != 0 && random_.below(100) < settings_.datagram_loss();
  }
  bool refuses() const noexcept { return settings_.refusals(); }
  std::size_t choose(std::size_t count) noexcept { return random_.below(count); }

 private:
  Random& random_;
  const testing::SimulatedNetwork& settings_;
};

}  // namespace coil::detail
