// Accepting ahead: one request for every connection that comes.
#include "acceptor.h"

#include "translate.h"

#include <algorithm>
#include <cerrno>
#include <new>

namespace coil::detail {

namespace {

Operation* waiting_in(HandleSlot& slot) noexcept {
  return slot.in_flight.find_if(Direction::read, [](const Operation& op) {
    return op.code() == OpCode::accept && op.backend_state == on_slot;
  });
}

}  // namespace

bool Acceptor::serves(const Operation& op, HandleSlot& slot) const noexcept {
  if (op.code() != OpCode::accept) return false;
  // While connections may come ahead, everybody takes them in order.
  if (own_state(slot).armed == OwnRequest::accept || first_kept(slot) != kept_.end()) return true;
  return ring_.features().multishot_accept && static_cast<const AcceptOperation&>(op).takes_all;
}

Acceptor::Kept::const_iterator Acceptor::first_kept(const HandleSlot& slot) const noexcept {
  return std::find_if(kept_.begin(), kept_.end(),
                      [&](const auto& entry) { return entry.first == slot.id(); });
}

Attempt Acceptor::submit(Operation& op, HandleSlot& slot) noexcept {
  const auto found = first_kept(slot);
  if (found != kept_.end()) {
    const int connection = found->second;
    kept_.erase(found);
    return connection;
  }
  op.backend_state = on_slot;
  if (own_state(slot).armed == OwnRequest::nothing) arm(slot);
  return std::nullopt;
}

void Acceptor::arm(HandleSlot& slot) noexcept {
  translate_own_accept(slot, ring_);
  own_state(slot).armed = OwnRequest::accept;
  slot.backend_busy = true;
}

void Acceptor::on_accepted(HandleSlot& slot, const Completion& completion) noexcept {
  OwnState& state = own_state(slot);
  if ((completion.flags & IORING_CQE_F_MORE) == 0) {
    state.armed = OwnRequest::nothing;
    state.ending = false;
    slot.backend_busy = false;
  }
  if (slot.closing()) {
    if (completion.result >= 0) reactor_.sockets().close(NativeHandle(completion.result));
    return;
  }
  deliver(slot, completion.result);
  // However it ended: whoever still waits is served by the next one.
  if (state.armed == OwnRequest::nothing && waiting_in(slot) != nullptr) arm(slot);
}

void Acceptor::deliver(HandleSlot& slot, int result) noexcept {
  Operation* op = waiting_in(slot);
  if (op != nullptr && (result == -EINVAL || result == -EAGAIN)) {
    // A kernel before 5.19, or no listener, which an attempt then tells; or one of somebody else's
    // making that does not block.
    if (result == -EINVAL) ring_.switch_off(&RingFeatures::multishot_accept);
    for (; op != nullptr; op = waiting_in(slot)) {
      op->backend_state = polling;
      translate_poll(*op, slot, ring_);
    }
  } else if (op != nullptr && (result == -ECANCELED || result == -EINTR)) {
    return;
  } else if (op != nullptr) {
    op->backend_state = handed_back;
    reactor_.complete(*op, result);
  } else if (result >= 0) {
    try {
      kept_.emplace_back(slot.id(), result);
    } catch (const std::bad_alloc&) {
      reactor_.sockets().close(NativeHandle(result));
    }
    end_own_request(slot, ring_);
  }
}

void Acceptor::forget(const HandleSlot& slot) noexcept {
  std::erase_if(kept_, [&](const auto& entry) {
    if (entry.first != slot.id()) return false;
    reactor_.sockets().close(NativeHandle(entry.second));
    return true;
  });
}

}  // namespace coil::detail
