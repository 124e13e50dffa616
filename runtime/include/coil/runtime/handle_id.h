// HandleId: the name of a descriptor in a reactor's handle table.
#pragma once

#include <cstdint>

namespace coil {

// HandleId: a slot and a generation; a stale one never reaches the slot's next owner.
//
// Example (tests/examples/handle_example.cpp, "stale"):
//
//   HandleId id = reactor.handles().open(handle, HandleKind::stream);
//   reactor.handles().close(id);
//   bool gone = reactor.handles().find(id) == nullptr;
class HandleId {
 public:
  constexpr HandleId() noexcept {}
  constexpr HandleId(std::uint32_t index, std::uint32_t generation) noexcept
      : index_(index), generation_(generation) {}

  // False for a default id, which names nothing.
  constexpr bool valid() const noexcept { return generation_ != 0; }
  constexpr std::uint32_t index() const noexcept { return index_; }
  constexpr std::uint32_t generation() const noexcept { return generation_; }
  constexpr std::uint64_t packed() const noexcept {
    return (static_cast<std::uint64_t>(generation_) << 32) | index_;
  }
  static constexpr HandleId unpack(std::uint64_t packed) noexcept {
    return {static_cast<std::uint32_t>(packed), static_cast<std::uint32_t>(packed >> 32)};
  }

  friend constexpr bool operator==(HandleId, HandleId) noexcept = default;

 private:
  std::uint32_t index_ = 0;
  std::uint32_t generation_ = 0;
};

}  // namespace coil
