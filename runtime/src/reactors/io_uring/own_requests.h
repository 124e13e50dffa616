// What the kernel does for a handle of its own accord: notes in the slot, names in the ring.
// Included by this backend only.
#pragma once

#include <coil/runtime/handle_table.h>

#include <cstdint>

namespace coil::detail {

// A request that belongs to a handle and not to an operation. All but a batched send go on from one
// completion to the next, and at most one of those is in flight per handle.
enum class OwnRequest : std::uint8_t { nothing, receive, poll, accept, batched_send };

// Kept in the slot.
struct OwnState {
  std::int32_t outcome = 0;  // Of the stream, if it has one: its end, or the error that broke it.
  OwnRequest armed = OwnRequest::nothing;
  std::uint8_t streak = 0;  // Receives in a row that speak for the other way of receiving.
  bool ending : 1 = false;  // The end of what is armed was asked for.
  bool has_outcome : 1 = false;
  bool starved : 1 = false;  // Waits for a buffer to come back.
  bool crowded : 1 = false;  // Receives into the ring that has room for many.
  bool by_poll : 1 = false;  // Receives are polled for and then carried out directly.
  bool only_by_poll : 1 = false;

  // What comes will be handed over: there is nothing to do but wait.
  bool waits_only() const noexcept { return armed == OwnRequest::receive && !has_outcome; }
};

inline OwnState& own_state(HandleSlot& slot) noexcept { return slot.backend_data<OwnState>(); }

// How an operation in flight is being served.
enum BackendState : std::uint8_t {
  handed_back,   // By nobody: it has completed, or waits in the core for a descriptor.
  native_entry,  // By an entry of its own.
  polling,       // By a poll of its own, after which it is attempted.
  on_slot,       // By what is armed on its handle.
};

// The user data of an entry: an operation's address, a slot's or a number with the kind of request,
// or one of these two.
inline constexpr std::uint64_t ignored = 0;
inline constexpr std::uint64_t waker_data = 8;
inline constexpr std::uint64_t request_mask = 7;

inline std::uint64_t name_of(HandleSlot& slot, OwnRequest request) noexcept {
  static_assert(alignof(HandleSlot) > request_mask);
  return reinterpret_cast<std::uintptr_t>(&slot) | static_cast<std::uint64_t>(request);
}
inline OwnRequest request_of(std::uint64_t name) noexcept {
  return static_cast<OwnRequest>(name & request_mask);
}
// A batched send has its place in the batch.
inline std::uint64_t name_of_batched_send(unsigned index) noexcept {
  return std::uint64_t{index} << 3 | static_cast<std::uint64_t>(OwnRequest::batched_send);
}
inline unsigned index_of(std::uint64_t name) noexcept { return static_cast<unsigned>(name >> 3); }
inline HandleSlot& slot_of(std::uint64_t name) noexcept {
  return *reinterpret_cast<HandleSlot*>(name & ~request_mask);
}

}  // namespace coil::detail
