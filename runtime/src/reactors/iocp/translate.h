// Operation → overlapped call. Included by the reactor of completion ports.
#pragma once

#include "port.h"

#include <coil/runtime/handle_table.h>
#include <coil/runtime/operations.h>

namespace coil::detail {

// Makes the overlapped call of the operation. What it came to, if it came to something at once, and
// then the port tells nothing; a request that waits for data came to 0 if there is some. Nothing if
// the port will tell.
Attempt translate(Operation& op, HandleSlot& slot, Request& request, const Port& port,
                  BufferPool& pool) noexcept;
// What a request that waited came to by the word of the port. Nothing if only its waiting has
// ended: the operation is then attempted.
Attempt conclude(HandleSlot& slot, Request& request, const Packet& packet,
                 BufferPool& pool) noexcept;
// Takes back what a request holds that nobody was given.
void discard(Request& request, BufferPool& pool) noexcept;

}  // namespace coil::detail
