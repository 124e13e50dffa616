// The readiness reactor: shared by epoll, poll and select, which only report changes.
#include "readiness_reactor.h"

#include "attempt.h"

#include <time.h>

#include <cerrno>

namespace coil::detail {

namespace {

TimePoint read(clockid_t clock) noexcept {
  timespec time = {};
  ::clock_gettime(clock, &time);
  return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

// A receive is worth trying only where something may be; everything else tries first.
bool worth_trying(const Operation& op, const HandleSlot& slot) noexcept {
  switch (op.code()) {
    case OpCode::receive:
    case OpCode::receive_lease:
    case OpCode::receive_from:
      return slot.ready_to_read || slot.ended;
    default:
      return true;
  }
}

}  // namespace

TimePoint monotonic_now() noexcept { return read(CLOCK_MONOTONIC); }
TimePoint monotonic_coarse_now() noexcept { return read(CLOCK_MONOTONIC_COARSE); }

ReadinessReactor::ReadinessReactor(std::unique_ptr<Poller> poller)
    : sockets_(true), poller_(std::move(poller)) {}

ReadinessReactor::~ReadinessReactor() { shut_down(); }

TimePoint ReadinessReactor::read_clock() const noexcept { return monotonic_now(); }
TimePoint ReadinessReactor::read_coarse_clock() const noexcept { return monotonic_coarse_now(); }

std::optional<std::int64_t> ReadinessReactor::do_submit(Operation& op, HandleSlot& slot) noexcept {
  if (worth_trying(op, slot)) {
    if (const auto result = attempt(op, slot, buffers())) return result;
  }
  // Registered after the attempt: an edge between the two is reported on registration.
  if (const int error = poller_->watch(slot, op.direction())) {
    return outcome::from_system_error(error);
  }
  return std::nullopt;
}

void ReadinessReactor::do_cancel(Operation& op, HandleSlot& slot) noexcept {
  const Direction side = op.direction();
  const HandleId id = slot.id();
  complete(op, outcome::cancelled);
  if (HandleSlot* live = handles().find(id)) end_watch_if_idle(*live, side);
}

bool ReadinessReactor::has_waiter(HandleSlot& slot, Direction side) noexcept {
  return slot.in_flight.find_if([&](Suspension& waiting) {
    return static_cast<Operation&>(waiting).direction() == side;
  }) != nullptr;
}

void ReadinessReactor::end_watch_if_idle(HandleSlot& slot, Direction side) noexcept {
  if (!poller_->edge_triggered() && !has_waiter(slot, side)) poller_->unwatch(slot, side);
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

void ReadinessReactor::on_ready(const Readiness& seen) noexcept {
  HandleSlot* slot = handles().find(seen.id);
  if (slot == nullptr) return;  // Closed since the change was reported.
  if (seen.read || seen.hangup || seen.invalid) {
    slot->ready_to_read = true;
    // The end of the stream may lie behind bytes that are read first, and no further edge will
    // tell of it: every later receive must look.
    slot->ended = slot->ended || seen.hangup;
    serve_waiters(*slot, Direction::read, seen.invalid);
  }
  slot = handles().find(seen.id);
  if (slot == nullptr) return;
  if (seen.write || seen.hangup || seen.invalid) {
    serve_waiters(*slot, Direction::write, seen.invalid);
  }
}

void ReadinessReactor::serve_waiters(HandleSlot& slot, Direction side, bool invalid) noexcept {
  const HandleId id = slot.id();
  slot.in_flight.for_each([&](Suspension& waiting) {
    auto& op = static_cast<Operation&>(waiting);
    if (op.direction() != side) return;
    if (invalid) {
      complete(op, outcome::from_system_error(EBADF));
    } else if (const auto result = attempt(op, slot, buffers())) {
      complete(op, *result);
    }
  });
  if (HandleSlot* live = handles().find(id)) end_watch_if_idle(*live, side);
}

}  // namespace coil::detail
