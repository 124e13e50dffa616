// StreamReceiver: how bytes come in on a stream. Included by this backend only.
#pragma once

#include "buffer_ring.h"
#include "own_requests.h"
#include "ring.h"

#include <coil/runtime/operations.h>
#include <coil/runtime/reactor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

namespace coil::detail {

// A stream receives in one of two ways and changes over as its messages grow and shrink:
//
//  - by a multishot receive: the kernel puts what comes into a buffer of a shared ring. Nothing is
//    submitted per message, which is best for small ones. A stream that found the small ring empty
//    goes on in the one that has room for many.
//  - by a multishot poll: a change is reported, and the bytes are received directly into the
//    caller's buffer, or into the one that is hottest in the cache. Best for bulk, whose cost is
//    the memory that it touches.
//
// Bytes that come when nobody waits are kept for the next receive; when they pass a limit, nothing
// more is received until they were taken.
class StreamReceiver {
 public:
  StreamReceiver(Reactor& reactor, Ring& ring);

  // Takes a read of a stream.
  Attempt submit(Operation& op, HandleSlot& slot) noexcept {
    if (begins_to_wait(op, slot)) return std::nullopt;
    op.backend_state = on_slot;
    return start(op, slot);
  }
  // Takes one for which there is nothing to do, since what comes will be handed over.
  bool begins_to_wait(Operation& op, HandleSlot& slot) noexcept {
    if (!own_state(slot).waits_only()) return false;
    op.backend_state = on_slot;
    return true;
  }
  // The path of every message: one task waits for a lease, and the kernel goes on. False, and
  // nothing was done, where anything is different: on_received() then takes the completion.
  [[gnu::always_inline]] bool lend_to_reader(HandleSlot& slot, int result,
                                             unsigned completion_flags) noexcept;
  void on_received(HandleSlot& slot, int result, unsigned completion_flags) noexcept;
  void on_polled(HandleSlot& slot, const Completion& completion) noexcept;
  // Serves those that found no buffer, as far as buffers have come back.
  void feed_starved() noexcept;

  // The way of receiving, in words.
  std::string description() const;
  // The small ring; null where the kernel has no multishot receive.
  const BufferRing* buffers() const noexcept { return buffers_.get(); }

 private:
  // Measured: the two ways cost the same at 4 KiB.
  static constexpr std::size_t bulk_bytes = 8 * 1024;
  static constexpr std::size_t small_bytes = 4 * 1024;

  bool by_poll(const OwnState& state) const noexcept {
    return buffers_ == nullptr || state.by_poll;
  }
  Attempt start(Operation& op, HandleSlot& slot) noexcept;
  BufferRing& ring_of(const OwnState& state) const noexcept {
    return state.crowded ? *roomy_ : *buffers_;
  }
  Attempt receive_now(Operation& op, HandleSlot& slot) noexcept;
  void arm(HandleSlot& slot) noexcept;
  // Goes on for whoever waits, after what was armed has ended.
  void resume(HandleSlot& slot) noexcept;
  void park(HandleSlot& slot) noexcept;
  void hand_over(HandleSlot& slot, BufferLease lease) noexcept;
  void keep(HandleSlot& slot, ConstBytes bytes) noexcept;
  void end_stream(HandleSlot& slot, std::int32_t outcome) noexcept;
  void hand_back(Operation& op, std::int64_t outcome) noexcept;
  void complete_polls(HandleSlot& slot) noexcept;
  void note_size(HandleSlot& slot, std::size_t size) noexcept;
  void count_for_change(HandleSlot& slot) noexcept;

  Reactor& reactor_;
  Ring& ring_;
  std::unique_ptr<BufferRing> buffers_;
  std::unique_ptr<BufferRing> roomy_;  // Null where it does not fill buffers piece by piece.
  std::vector<HandleId> starved_;
};

inline void StreamReceiver::note_size(HandleSlot& slot, std::size_t size) noexcept {
  OwnState& state = own_state(slot);
  if (state.by_poll ? size < small_bytes : size >= bulk_bytes) [[unlikely]] {
    count_for_change(slot);
  } else {
    state.streak = 0;
  }
}

inline bool StreamReceiver::lend_to_reader(HandleSlot& slot, int result, unsigned flags) noexcept {
  constexpr unsigned usual = IORING_CQE_F_MORE | IORING_CQE_F_BUFFER;
  Operation* op = slot.in_flight.oldest(Direction::read);
  if ((flags & usual) != usual || op == nullptr || result <= 0) return false;
  if (op->code() != OpCode::receive_lease || op->backend_state != on_slot) return false;
  const auto size = static_cast<std::size_t>(result);
  note_size(slot, size);
  BufferLease& lease = static_cast<ReceiveLeaseOperation*>(op)->lease;
  // Made in place, which costs less than a move: what is there is empty.
  new (&lease) BufferLease(ring_of(own_state(slot)).take(flags, size));
  op->backend_state = handed_back;
  reactor_.complete_once(*op, slot, result);
  return true;
}

}  // namespace coil::detail
