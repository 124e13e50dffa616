// The two ways of receiving, and when a stream changes from one to the other.
#include "receiver.h"

#include "../readiness/attempt.h"
#include "translate.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace coil::detail {

namespace {

// A stream changes over only when it has gone on for a while, so that sizes around the border do
// not make it change all the time.
constexpr int bulk_streak = 4;
constexpr int small_streak = 16;

// Bytes that are kept on a stream that nobody reads.
constexpr std::size_t kept_bytes_max = 64 * 1024;

bool reads(const Operation& op) noexcept {
  return op.code() == OpCode::receive || op.code() == OpCode::receive_lease;
}

bool waits_for_poll(const Operation& op) noexcept {
  return op.code() == OpCode::poll_readable && op.backend_state == on_slot;
}

Operation* reader_of(HandleSlot& slot) noexcept {
  return slot.in_flight.find_if(Direction::read, [](const Operation& op) {
    return reads(op) && op.backend_state == on_slot;
  });
}

}  // namespace

Attempt StreamReceiver::start(Operation& op, HandleSlot& slot) noexcept {
  OwnState& state = own_state(slot);
  if (state.has_outcome) {
    if (op.code() == OpCode::poll_readable) return 0;
    // An error is told once; what follows it is the end.
    return std::exchange(state.outcome, 0);
  }
  if (state.starved) return std::nullopt;
  if (by_poll(state) && (slot.ready_to_read || slot.ended)) {
    if (const auto result = receive_now(op, slot)) return result;
  }
  if (state.armed == OwnRequest::nothing) arm(slot);
  return std::nullopt;
}

Attempt StreamReceiver::receive_now(Operation& op, HandleSlot& slot) noexcept {
  const auto result = attempt(op, slot, reactor_.buffers());
  if (result && *result > 0) note_size(slot, static_cast<std::size_t>(*result));
  return result;
}

void StreamReceiver::arm(HandleSlot& slot) noexcept {
  OwnState& state = own_state(slot);
  if (by_poll(state)) {
    translate_own_poll(slot, ring_);
    state.armed = OwnRequest::poll;
  } else {
    translate_own_receive(slot, ring_, ring_of(state).group());
    state.armed = OwnRequest::receive;
  }
  slot.backend_busy = true;
}

void StreamReceiver::resume(HandleSlot& slot) noexcept {
  OwnState& state = own_state(slot);
  if (state.armed != OwnRequest::nothing || state.starved) return;
  Operation* reader = reader_of(slot);
  if (reader == nullptr && slot.in_flight.find_if(Direction::read, &waits_for_poll) == nullptr)
    return;
  if (reader != nullptr && by_poll(state)) {
    slot.ready_to_read = true;  // Nobody has looked since the other way was in use.
    if (const auto result = receive_now(*reader, slot)) {
      hand_back(*reader, *result);
      return;
    }
  }
  arm(slot);
}

StreamReceiver::StreamReceiver(Reactor& reactor, Ring& ring)
    : reactor_(reactor),
      ring_(ring),
      buffers_(ring.open_buffers(BufferRing::Filling::whole, reactor.buffers())),
      roomy_(ring.open_buffers(BufferRing::Filling::incremental, reactor.buffers())) {}

std::string StreamReceiver::description() const {
  if (buffers_ == nullptr) return "receives by polls";
  return "multishot receives into " + buffers_->description() +
         (roomy_ == nullptr ? "" : " and " + roomy_->description());
}

void StreamReceiver::on_received(HandleSlot& slot, int result, unsigned flags) noexcept {
  OwnState& state = own_state(slot);
  const bool ended = (flags & IORING_CQE_F_MORE) == 0;
  if (ended) {
    state.armed = OwnRequest::nothing;
    state.ending = false;
    slot.backend_busy = false;
  }
  BufferLease lease;
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    lease = ring_of(state).take(flags, static_cast<std::size_t>(std::max(result, 0)));
  }
  if (slot.closing()) {
    if (result > 0) slot.linger_zero = true;  // The peer learns that nobody read it.
    return;
  }
  if (result > 0) {
    note_size(slot, static_cast<std::size_t>(result));
    hand_over(slot, std::move(lease));
  } else if (result == -ENOBUFS) {
    park(slot);
  } else if (result == -EAGAIN) {
    state.by_poll = state.only_by_poll = true;  // A non-blocking socket of somebody else's making.
  } else if (result != -ECANCELED && result != -EINTR) {
    end_stream(slot, result);
  }
  if (ended) resume(slot);
}

void StreamReceiver::on_polled(HandleSlot& slot, const Completion& completion) noexcept {
  OwnState& state = own_state(slot);
  const int result = completion.result;
  if ((completion.flags & IORING_CQE_F_MORE) == 0) {
    state.armed = OwnRequest::nothing;
    state.ending = false;
    slot.backend_busy = false;
  }
  if (slot.closing()) return;
  if (result < 0 && result != -ECANCELED) {
    end_stream(slot, result);
    return;
  }
  if (result > 0) {
    slot.ready_to_read = true;
    if ((result & (POLLHUP | POLLRDHUP | POLLERR)) != 0) slot.ended = true;
    complete_polls(slot);
    Operation* reader = reader_of(slot);
    if (reader == nullptr) return;
    if (const auto tried = receive_now(*reader, slot)) {
      hand_back(*reader, *tried);
      return;
    }
  }
  resume(slot);
}

void StreamReceiver::feed_starved() noexcept {
  if (starved_.empty()) return;
  // As many as there are buffers: all of them at once would only run dry again.
  const BufferRing& ring = roomy_ != nullptr ? *roomy_ : *buffers_;
  const std::size_t count = std::min(ring.available(), starved_.size());
  for (std::size_t index = 0; index < count; ++index) {
    HandleSlot* slot = reactor_.handles().find(starved_[index]);
    if (slot == nullptr) continue;
    own_state(*slot).starved = false;
    resume(*slot);
  }
  starved_.erase(starved_.begin(), starved_.begin() + static_cast<std::ptrdiff_t>(count));
}

void StreamReceiver::park(HandleSlot& slot) noexcept {
  OwnState& state = own_state(slot);
  if (state.starved) return;
  if (roomy_ != nullptr && !state.crowded) {
    state.crowded = true;
    return;
  }
  try {
    starved_.push_back(slot.id());
    state.starved = true;
  } catch (const std::bad_alloc&) {
    state.by_poll = true;  // Needs none of the ring's buffers.
  }
}

void StreamReceiver::hand_over(HandleSlot& slot, BufferLease lease) noexcept {
  Operation* reader = reader_of(slot);
  if (reader == nullptr) {
    keep(slot, lease.bytes());
    complete_polls(slot);
    return;
  }
  const std::size_t size = lease.size();
  if (reader->code() == OpCode::receive_lease) {
    static_cast<ReceiveLeaseOperation*>(reader)->lease = std::move(lease);
    hand_back(*reader, static_cast<std::int64_t>(size));
    return;
  }
  const MutableBytes into = static_cast<ReceiveOperation*>(reader)->into;
  const std::size_t fitting = std::min(size, into.size());
  std::memcpy(into.data(), lease.bytes().data(), fitting);
  if (fitting < size) {
    keep(slot, lease.bytes().skip(fitting));
    complete_polls(slot);
  }
  hand_back(*reader, static_cast<std::int64_t>(fitting));
}

void StreamReceiver::keep(HandleSlot& slot, ConstBytes bytes) noexcept {
  try {
    slot.unread.append(bytes);
  } catch (const std::bad_alloc&) {
    end_stream(slot, -ENOMEM);  // Bytes were lost: nothing that follows them may be read.
  }
  if (slot.unread.size() >= kept_bytes_max) end_own_request(slot, ring_);
}

void StreamReceiver::end_stream(HandleSlot& slot, std::int32_t outcome) noexcept {
  OwnState& state = own_state(slot);
  state.has_outcome = true;
  state.outcome = outcome;
  end_own_request(slot, ring_);
  complete_polls(slot);
  if (Operation* reader = reader_of(slot)) {
    hand_back(*reader, std::exchange(state.outcome, 0));
  }
}

void StreamReceiver::hand_back(Operation& op, std::int64_t outcome) noexcept {
  op.backend_state = handed_back;
  reactor_.complete(op, outcome);
}

void StreamReceiver::complete_polls(HandleSlot& slot) noexcept {
  slot.in_flight.for_each(Direction::read, [&](Operation& op) {
    if (waits_for_poll(op)) hand_back(op, 0);
  });
}

void StreamReceiver::count_for_change(HandleSlot& slot) noexcept {
  OwnState& state = own_state(slot);
  if (state.only_by_poll || buffers_ == nullptr) return;
  if (++state.streak < (state.by_poll ? small_streak : bulk_streak)) return;
  state.streak = 0;
  state.by_poll = !state.by_poll;
  end_own_request(slot, ring_);
}

}  // namespace coil::detail
