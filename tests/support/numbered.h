// A stream of bytes in which one that is missing, doubled or moved shows, wherever it is looked at.
#pragma once

#include <coil/runtime/buffer.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace coil::testing {

inline std::byte numbered_byte(std::size_t at) {
  const std::uint64_t mixed = at * 0x9E37'79B9'7F4A'7C15U;
  return static_cast<std::byte>(mixed >> 56);
}

// The bytes from `at` on.
inline std::vector<std::byte> numbered(std::size_t at, std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = numbered_byte(at++);
  return bytes;
}

// Checks what comes, piece by piece.
class NumberedReader {
 public:
  void add(ConstBytes piece) {
    for (std::size_t index = 0; index < piece.size(); ++index) {
      good_ = good_ && piece.data()[index] == numbered_byte(at_ + index);
    }
    at_ += piece.size();
  }
  std::size_t size() const noexcept { return at_; }
  // Every byte so far was the right one.
  bool good() const noexcept { return good_; }

 private:
  std::size_t at_ = 0;
  bool good_ = true;
};

}  // namespace coil::testing
