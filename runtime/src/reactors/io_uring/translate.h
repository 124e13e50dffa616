// Operation → ring entry. Included by the io_uring reactor.
#pragma once

#include "own_requests.h"
#include "ring.h"

#include <coil/runtime/handle_table.h>
#include <coil/runtime/operations.h>

#include <sys/socket.h>

namespace coil::detail {

// Fills an entry for the operation; false if it has none of its own, or that is switched off: it
// is then polled for and attempted.
bool translate(Operation& op, HandleSlot& slot, Ring& ring) noexcept;
inline void translate_send(SendOperation& op, HandleSlot& slot, Ring& ring) noexcept {
  io_uring_sqe& entry = ring.entry();
  io_uring_prep_send(&entry, slot.native().descriptor(), op.from.data(), op.from.size(),
                     MSG_NOSIGNAL);
  io_uring_sqe_set_data(&entry, &op);
}
// The same for bytes of a batch: it completes with its submission, silently if all went well.
inline void translate_batched_send(HandleSlot& slot, ConstBytes bytes, unsigned index,
                                   Ring& ring) noexcept {
  io_uring_sqe& entry = ring.entry();
  io_uring_prep_send(&entry, slot.native().descriptor(), bytes.data(), bytes.size(),
                     MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
  entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(&entry, name_of_batched_send(index));
}
// Fills an entry that waits until the operation is worth an attempt.
void translate_poll(Operation& op, HandleSlot& slot, Ring& ring) noexcept;

// Fill an entry for what goes on by itself until it is ended.
void translate_own_receive(HandleSlot& slot, Ring& ring, std::uint16_t buffer_group) noexcept;
void translate_own_poll(HandleSlot& slot, Ring& ring) noexcept;
void translate_own_accept(HandleSlot& slot, Ring& ring) noexcept;
// Asks for the end of what is armed on the handle, if that was not done yet.
void end_own_request(HandleSlot& slot, Ring& ring) noexcept;

}  // namespace coil::detail
