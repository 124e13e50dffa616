// The readiness reactor: shared by epoll, poll and select, which only report changes.
#include "readiness_reactor.h"

#include "../../native_calls.h"
#include "attempt.h"

#include <time.h>

#include <cerrno>
#include <new>
#include <utility>

namespace coil::detail {

namespace {

TimePoint read(clockid_t clock) noexcept {
  timespec time = {};
  ::clock_gettime(clock, &time);
  return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace

TimePoint monotonic_now() noexcept { return read(CLOCK_MONOTONIC); }
TimePoint monotonic_coarse_now() noexcept { return read(coarse_clock); }

ReadinessReactor::ReadinessReactor(std::unique_ptr<Poller> poller)
    : sockets_(true), poller_(std::move(poller)), edge_triggered_(poller_->edge_triggered()) {}

ReadinessReactor::~ReadinessReactor() { shut_down(); }

TimePoint ReadinessReactor::read_clock() const noexcept { return monotonic_now(); }
TimePoint ReadinessReactor::read_coarse_clock() const noexcept { return monotonic_coarse_now(); }

// The two requests of every message come first: a receive of what has not come yet, and a send.
bool ReadinessReactor::begin(Operation& op, HandleSlot& slot) noexcept {
  if (op.code() == OpCode::receive_lease && is_quiet(slot)) {
    op.backend_state = watched;
    return pend(op, slot);
  }
  if (op.code() == OpCode::send) {
    if (const Attempt sent = send(static_cast<const SendOperation&>(op), slot)) {
      return answer(op, slot, *sent);
    }
    const Attempt refused = wait_for_change(op, slot);
    return refused ? answer(op, slot, *refused) : pend(op, slot);
  }
  return Reactor::begin(op, slot);
}

Attempt ReadinessReactor::do_submit(Operation& op, HandleSlot& slot) noexcept {
  op.backend_state = handed_back;
  if (worth_trying(op, slot)) {
    if (const Attempt result = attempt(op, slot, buffers())) return result;
  }
  return wait_for_change(op, slot);
}

Attempt ReadinessReactor::wait_for_change(Operation& op, HandleSlot& slot) noexcept {
  op.backend_state = watched;
  if (slot.watched_for_good) [[likely]]
    return std::nullopt;
  const Attempt refused = start_watch(op, slot);
  if (refused) op.backend_state = handed_back;
  return refused;
}

// Registered after the attempt: an edge between the two is reported on registration.
Attempt ReadinessReactor::start_watch(Operation& op, HandleSlot& slot) noexcept {
  try {
    const int error = poller_->watch(slot, op.direction());
    slot.watched_for_good =
        edge_triggered_ && slot.backend_registered && slot.kind() != HandleKind::foreign;
    return error == 0 ? Attempt() : Attempt(outcome::from_system_error(error));
  } catch (const std::bad_alloc&) {
    return outcome::from_system_error(ENOMEM);
  }
}

void ReadinessReactor::hand_back(Operation& op, std::int64_t result) noexcept {
  op.backend_state = handed_back;
  complete(op, result);
}

void ReadinessReactor::do_cancel(Operation& op, HandleSlot& slot) noexcept {
  const Direction side = op.direction();
  const HandleId id = slot.id();
  hand_back(op, outcome::cancelled);
  if (HandleSlot* live = handles().find(id)) end_watch_if_idle(*live, side);
}

bool ReadinessReactor::has_waiter(HandleSlot& slot, Direction side) noexcept {
  return slot.in_flight.find_if(side, &waits) != nullptr;
}

void ReadinessReactor::end_watch_if_idle(HandleSlot& slot, Direction side) noexcept {
  if (edge_triggered_ && slot.kind() != HandleKind::foreign) return;
  if (!has_waiter(slot, side)) poller_->unwatch(slot, side);
}

void ReadinessReactor::forget(HandleSlot& slot) noexcept { poller_->forget(slot); }

void ReadinessReactor::wait(TimePoint until) noexcept {
  if (until == TimePoint::max()) {
    poller_->wait(std::nullopt, *this);
    return;
  }
  const TimePoint now = until == TimePoint::min() ? until : monotonic_now();
  poller_->wait(until > now ? until - now : Duration::zero(), *this);
}

bool ReadinessSink::make_room() noexcept {
  try {
    seen_.resize(seen_.size() * 2 + 64);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void ReadinessReactor::deliver_all() noexcept {
  while (deliver()) run_ready();
}

bool ReadinessReactor::deliver() noexcept {
  Readiness seen;
  if (!take(seen)) return false;
  serve(seen);
  return true;
}

void ReadinessReactor::serve(const Readiness& seen) noexcept {
  HandleSlot* slot = handles().find(seen.id);
  if (slot == nullptr) return;  // Closed since the change was reported.
  if (seen.read || seen.hangup || seen.invalid) {
    slot->ready_to_read = true;
    // The end of the stream may lie behind bytes that are read first, and no further edge will
    // tell of it: every later receive must look.
    slot->ended |= seen.hangup;
    serve_side(*slot, Direction::read, seen.invalid);
  }
  // Nothing closes a handle in between: who is served goes on later.
  if (seen.write || seen.hangup || seen.invalid) {
    serve_side(*slot, Direction::write, seen.invalid);
  }
}

// Nearly always nobody waits, or one does.
inline void ReadinessReactor::serve_side(HandleSlot& slot, Direction side, bool invalid) noexcept {
  Operation* op = slot.in_flight.oldest(side);
  if (!slot.watched_for_good || (op != nullptr && !InFlight::is_alone(*op))) [[unlikely]] {
    serve_waiters(slot, side, invalid);
  } else if (op != nullptr && waits(*op)) {
    serve_waiter(*op, slot, invalid);
  }
}

void ReadinessReactor::serve_waiters(HandleSlot& slot, Direction side, bool invalid) noexcept {
  slot.in_flight.for_each(side, [&](Operation& op) {
    if (waits(op)) serve_waiter(op, slot, invalid);
  });
  if (!slot.watched_for_good) end_watch_if_idle(slot, side);
}

inline Attempt ReadinessReactor::receive_or_attempt(Operation& op, HandleSlot& slot) noexcept {
  if (op.code() == OpCode::receive_lease && slot.kind() == HandleKind::stream) [[likely]] {
    return receive_lease(static_cast<ReceiveLeaseOperation&>(op), slot, buffers());
  }
  return attempt(op, slot, buffers());
}

inline void ReadinessReactor::serve_waiter(Operation& op, HandleSlot& slot, bool invalid) noexcept {
  if (invalid) {
    hand_back(op, outcome::from_system_error(EBADF));
  } else if (const Attempt result = receive_or_attempt(op, slot)) {
    hand_back(op, *result);
  } else if (slot.kind() == HandleKind::datagram && !edge_triggered_) {
    // Reported, and yet there is nothing: the next attempt looks for queued errors.
    slot.ended = true;
  }
}

}  // namespace coil::detail
