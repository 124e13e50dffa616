// Ways to split bytes into the pieces in which a network may deliver them.
#pragma once

#include <coil/runtime/buffer.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <random>
#include <string_view>

namespace coil::testing {

using Feed = std::function<void(ConstBytes)>;

// Feeds `text` in pieces of `size` bytes.
inline void feed_in_steps(std::string_view text, std::size_t size, const Feed& feed) {
  for (std::size_t at = 0; at < text.size(); at += size) feed(text.substr(at, size));
}

// Feeds `text` in pieces of any size from 1 to `size_max`.
inline void feed_at_random(std::string_view text, std::size_t size_max, std::mt19937_64& random,
                           const Feed& feed) {
  std::uniform_int_distribution<std::size_t> sizes(1, size_max);
  while (!text.empty()) {
    const std::size_t size = std::min(sizes(random), text.size());
    feed(text.substr(0, size));
    text.remove_prefix(size);
  }
}

}  // namespace coil::testing
