// One operation as one system call that does not block. Included by the POSIX backends.
#pragma once

#include <coil/runtime/handle_table.h>
#include <coil/runtime/operations.h>

#include <cstdint>
#include <optional>

namespace coil::detail {

// False where waiting comes first: a receive that would find nothing, and a foreign descriptor,
// which is served once a turn so that one that is always ready starves nobody.
inline bool worth_trying(const Operation& op, const HandleSlot& slot) noexcept {
  switch (op.code()) {
    case OpCode::receive:
    case OpCode::receive_lease:
    case OpCode::receive_from:
      return slot.ready_to_read || slot.ended;
    case OpCode::poll_readable:
    case OpCode::poll_writable:
      return slot.kind() != HandleKind::foreign;
    default:
      return true;
  }
}

// Tries the operation now; nothing if it would have to wait.
//
// A receive that left nothing behind clears the slot's ready bit, so that the next one waits for
// readiness instead of asking in vain.
Attempt attempt(Operation& op, HandleSlot& slot, BufferPool& pool) noexcept;
// The same for what most messages need: a receive of a stream, and a send.
Attempt receive_lease(ReceiveLeaseOperation& op, HandleSlot& slot, BufferPool& pool) noexcept;
Attempt send(const SendOperation& op, const HandleSlot& slot) noexcept;

}  // namespace coil::detail
