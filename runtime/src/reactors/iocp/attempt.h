// One operation as one Winsock call that does not wait. Included by this backend only.
#pragma once

#include <coil/runtime/handle_table.h>
#include <coil/runtime/operations.h>

namespace coil::detail {

// False where waiting comes first: a receive that would find nothing, and a poll.
inline bool worth_trying(const Operation& op, const HandleSlot& slot) noexcept {
  switch (op.code()) {
    case OpCode::receive:
    case OpCode::receive_lease:
    case OpCode::receive_from:
      return slot.ready_to_read;
    case OpCode::poll_readable:
    case OpCode::poll_writable:
      return false;
    default:
      return true;
  }
}

// Tries the operation now; nothing if it would have to wait. A poll has come to its end by then.
//
// A receive that found nothing clears the slot's ready bit, so that the next one waits first.
Attempt attempt(Operation& op, HandleSlot& slot, BufferPool& pool) noexcept;
// The same for a receive into a buffer that is borrowed for no longer than the call.
Attempt receive_lease(ReceiveLeaseOperation& op, HandleSlot& slot, BufferPool& pool) noexcept;

}  // namespace coil::detail
