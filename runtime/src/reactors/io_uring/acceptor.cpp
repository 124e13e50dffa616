// Accepting ahead: one request for every connection that comes.
#include "acceptor.h"

#include "translate.h"

#include <algorithm>
#include <cerrno>
#include <new>

namespace coil::detail {

bool Acceptor::serves(const Operation& op, HandleSlot& slot) const noexcept {
  if (op.code() != OpCode::accept) return false;
  // While connections may come ahead, everybody takes them in order.
  if (own_state(slot).armed == OwnRequest::accept || !kept_.empty()) return true;
  return ring_.features().multishot_accept && static_cast<const AcceptOperation&>(op).takes_all;
}

Attempt Acceptor::submit(Operation& op, HandleSlot& slot) noexcept {
  const auto found = std::find_if(kept_.begin(), kept_.end(),
                                  [&](const auto& entry) { return entry.first == slot.id(); });
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
}

void Acceptor::deliver(HandleSlot& slot, int result) noexcept {
  Operation* op = slot.in_flight.find_if(
      Direction::read, [](const Operation& each) { return each.backend_state == on_slot; });
  if (op != nullptr && (result == -ECANCELED || result == -EINTR || result == -EAGAIN)) {
    if (own_state(slot).armed == OwnRequest::nothing) arm(slot);
  } else if (op != nullptr && result == -EINVAL && ring_.features().multishot_accept) {
    // A kernel before 5.19; or no listener, which the ordinary entry then tells.
    ring_.switch_off(&RingFeatures::multishot_accept);
    op->backend_state = native_entry;
    translate(*op, slot, ring_);
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
