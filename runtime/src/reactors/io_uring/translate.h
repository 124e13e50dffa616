// Operation → ring entry. Included by the io_uring reactor.
#pragma once

#include "ring.h"

#include <coil/runtime/handle_table.h>
#include <coil/runtime/operation.h>

namespace coil::detail {

// Fills an entry for the operation; false if it has none of its own, or that is switched off: it
// is then polled for and attempted.
bool translate(Operation& op, HandleSlot& slot, Ring& ring) noexcept;
// Fills an entry that waits until the operation is worth an attempt.
void translate_poll(Operation& op, HandleSlot& slot, Ring& ring) noexcept;

}  // namespace coil::detail
