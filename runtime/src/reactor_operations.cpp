// Operations: submitting, completing, cancelling, closing, and accepts that wait for a descriptor.
#include "reactor_core.h"

#include <coil/runtime/operations.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

namespace coil {

namespace {

// The process or the system has no descriptor, or no memory, for one more connection.
bool is_exhaustion(std::int64_t value) noexcept {
  if (value >= 0) return false;
  const std::error_code code = outcome::code_of(value);
  return code == std::errc::too_many_files_open ||
         code == std::errc::too_many_files_open_in_system || code == std::errc::no_buffer_space ||
         code == std::errc::not_enough_memory;
}

// The trouble of the connection that would have been accepted, which Linux hands to whoever accepts
// it. It is nobody's error: the next connection may be sound, and must be tried for at once, since
// what lies in the backlog already gives no further event.
bool is_of_the_connection(std::int64_t value) noexcept {
  static constexpr std::array codes = {
      std::errc::connection_aborted, std::errc::connection_reset, std::errc::protocol_error,
      std::errc::no_protocol_option, std::errc::network_down,     std::errc::network_unreachable,
      std::errc::host_unreachable};
  if (value >= 0) return false;
  const std::error_code code = outcome::code_of(value);
  return std::any_of(codes.begin(), codes.end(), [&](std::errc each) { return code == each; });
}

Attempt lease_unread(ReceiveLeaseOperation& op, HandleSlot& slot, BufferPool& pool) noexcept {
  try {
    // Room for what is taken out comes first: nothing is lost without memory.
    const std::size_t size = std::min(slot.unread.size(), pool.buffer_size());
    auto own = std::make_unique<std::byte[]>(size);
    slot.unread.take({own.get(), size});
    op.lease = BufferLease(nullptr, own.release(), size);
    return static_cast<std::int64_t>(size);
  } catch (const std::bad_alloc&) {
    return outcome::from_system_error(ENOMEM);
  }
}

// What is there already comes before anything the kernel has.
Attempt serve_unread(Operation& op, HandleSlot& slot, BufferPool& pool) {
  switch (op.code()) {
    case OpCode::receive:
      return static_cast<std::int64_t>(slot.unread.take(static_cast<ReceiveOperation&>(op).into));
    case OpCode::receive_lease:
      return lease_unread(static_cast<ReceiveLeaseOperation&>(op), slot, pool);
    case OpCode::poll_readable:
      return 0;
    default:
      return std::nullopt;
  }
}

// For an operation that may go on after it came to `value`.
inline bool ends(const Operation& op, std::int64_t value) noexcept {
  if (op.code() != OpCode::send) return !is_of_the_connection(value);
  const std::size_t left = static_cast<const SendOperation&>(op).from.size();
  return value <= 0 || static_cast<std::size_t>(value) >= left;
}

// The usual end of one that may go on.
inline bool sent_all(const Operation& op, std::int64_t value) noexcept {
  return op.code() == OpCode::send && value >= 0 && ends(op, value);
}

bool moves_bytes(OpCode code) noexcept {
  return code == OpCode::receive || code == OpCode::receive_lease || code == OpCode::send;
}

// Two reads, or two writes, in flight on one stream would share its bytes in no defined order.
void require_alone(const Operation& op, HandleSlot& slot) noexcept {
  if (slot.kind() == HandleKind::foreign || !moves_bytes(op.code())) return;
  const Operation* rival = slot.in_flight.find_if(
      op.direction(), [](const Operation& other) { return moves_bytes(other.code()); });
  if (rival == nullptr) return;
  contract_violation(op.direction() == Direction::read
                         ? "a stream was read while another read was pending on it"
                         : "a stream was written while another write was pending on it");
}

}  // namespace

const char* Operation::name() const noexcept {
  switch (code_) {
    case OpCode::receive:
      return "read_some";
    case OpCode::receive_lease:
    case OpCode::receive_from:
      return "receive";
    case OpCode::send:
      return is(repeating) ? "write_all" : "write_some";
    case OpCode::accept:
      return "accept";
    case OpCode::connect:
      return "connect";
    case OpCode::send_to:
      return "send";
    case OpCode::shutdown:
      return "shutdown_write";
    case OpCode::poll_readable:
    case OpCode::poll_writable:
      return "poll";
  }
  return "";
}

void Operation::raise() const { throw_error(outcome::code_of(outcome()), name()); }

// The path of every request: what is rare is out of line, at the end of a function.
bool Reactor::submit(Operation& op) noexcept {
  ++counters_.submitted;
  HandleSlot* slot = handles_.find(op.target_);
  const bool usual = slot != nullptr && !op.is(Operation::settled) && slot->unread.empty() &&
                     slot->in_flight.oldest(op.direction()) == nullptr;
  if (!usual) [[unlikely]]
    return submit_unusual(op, slot);
  op.slot_ = slot;
  return begin(op, *slot);
}

bool Reactor::submit_unusual(Operation& op, HandleSlot* slot) noexcept {
  op.slot_ = slot;
  if (const auto result = settle(op, slot)) return !finished_at_once(op, *result);
  require_alone(op, *slot);
  return begin(op, *slot);
}

bool Reactor::pend_behind_others(Operation& op, HandleSlot& slot) noexcept {
  slot.in_flight.add(op);
  return true;
}

bool Reactor::answer(Operation& op, HandleSlot& slot, std::int64_t value) noexcept {
  if (op.is(Operation::repeating) && !sent_all(op, value)) [[unlikely]] {
    return submit_again(op, slot, value);
  }
  return !finished_at_once(op, value);
}

// False when the task has had its share of this turn: it goes on through the ready list.
inline bool Reactor::finished_at_once(Operation& op, std::int64_t value) noexcept {
  ++counters_.completed;
  op.keep_number(value);
  if (!spend_budget()) [[unlikely]] {
    ready(op);
    return false;
  }
  op.leave();
  return true;
}

bool Reactor::submit_again(Operation& op, HandleSlot& slot, std::int64_t value) noexcept {
  Attempt result = value;
  if (!ends(op, value)) result = repeat(op, slot, value);
  const bool parks = result && op.code() == OpCode::accept && is_exhaustion(*result);
  if (result && !parks) return !finished_at_once(op, *result);
  slot.in_flight.add(op);
  if (parks) park_accept(op);
  return true;
}

// What needs no backend: nothing if this does after all.
Attempt Reactor::settle(Operation& op, HandleSlot* slot) noexcept {
  if (slot == nullptr) return outcome::handle_closed;
  if (op.is(Operation::settled)) return op.kept_number();
  if (slot->unread.empty()) return std::nullopt;
  return serve_unread(op, *slot, buffers_);
}

// An accept goes on beyond a connection that broke, and a send that must be whole until it is; but
// a peer that takes everything at once must not keep the loop from the others.
Attempt Reactor::repeat(Operation& op, HandleSlot& slot, std::int64_t value) noexcept {
  constexpr int tries_max = 4096;  // As many connections as a backlog may hold.
  constexpr int steps_per_turn_max = 16;
  Attempt result = value;
  if (op.code() == OpCode::send) {
    auto& send = static_cast<SendOperation&>(op);
    for (int steps = 0; result && !ends(op, *result); ++steps) {
      send.from = send.from.skip(static_cast<std::size_t>(*result));
      if (op.cancel_asked()) return outcome::cancelled;
      if (steps == steps_per_turn_max) {
        go_on_later(op);
        return std::nullopt;
      }
      result = do_submit(op, slot);
    }
    return result;
  }
  for (int tries = 1; tries < tries_max && result && !ends(op, *result); ++tries) {
    result = do_submit(op, slot);
  }
  return result;
}

void Reactor::complete(Operation& op, std::int64_t value) noexcept {
  if (op.is(Operation::repeating) && !sent_all(op, value)) [[unlikely]] {
    complete_or_repeat(op, value);
  } else {
    complete_once(op, op.slot(), value);
  }
}

void Reactor::complete_or_repeat(Operation& op, std::int64_t value) noexcept {
  if (!ends(op, value)) {
    go_on(op, value);
  } else if (op.code() == OpCode::accept && value < 0) {
    fail_accept(op, value);
  } else {
    complete_once(op, op.slot(), value);
  }
}

void Reactor::complete_beside_others(Operation& op, HandleSlot& slot,
                                     std::int64_t outcome) noexcept {
  slot.in_flight.remove(op);
  finish(op, slot, outcome);
}

void Reactor::go_on(Operation& op, std::int64_t value) noexcept {
  if (op.code() == OpCode::accept && op.cancel_asked()) {
    complete_once(op, op.slot(), value);
  } else if (const Attempt next = repeat(op, op.slot(), value)) {
    complete(op, *next);
  }
}

void Reactor::fail_accept(Operation& op, std::int64_t value) noexcept {
  if (!op.cancel_asked() && is_exhaustion(value)) {
    park_accept(op);
  } else {
    complete_once(op, op.slot(), value);
  }
}

void Reactor::finish_close_if_due(HandleSlot& slot) noexcept {
  if (slot.closing() && slot.in_flight.empty() && !slot.backend_busy) handles_.finish_close(slot);
}

void Operation::request_cancel(Suspension& self) noexcept {
  auto& op = static_cast<Operation&>(self);
  op.reactor().cancel(op);
}

void Reactor::cancel(Operation& op) noexcept {
  if (!op.waiting() || op.cancel_asked()) return;
  op.set(Operation::asked_to_end);
  const bool parked = std::erase(core_->parked_accepts, &op) != 0;
  if (parked || std::erase(core_->unfinished_sends, &op) != 0) {
    complete(op, outcome::cancelled);
    return;
  }
  do_cancel(op, op.slot());
}

std::int64_t Reactor::send_outgoing(HandleSlot& slot, detail::OutgoingSender&) noexcept {
  const ConstBytes message = outgoing_.message();
  outgoing_.drop();
  return sockets().send_now(slot.native(), {&message, 1}).value_or(0);
}

// Trying again at once would fail at once and spin. A descriptor that closes here is the signal to
// try; one that closes elsewhere is noticed by a slowing retry.
void Reactor::park_accept(Operation& op) noexcept {
  core_->parked_accepts.push_back(&op);
  if (core_->accept_retry.active()) return;
  const Duration wait_for = core_->accept_backoff;
  core_->accept_backoff = std::min<Duration>(wait_for * 2, std::chrono::seconds(1));
  core_->accept_retry = callLater(wait_for, [this] { unpark_accepts(); });
}

void Reactor::unpark_accepts() noexcept {
  for (Operation* op : std::exchange(core_->parked_accepts, {})) {
    const Attempt result = do_submit(*op, op->slot());
    if (result) complete(*op, *result);
  }
}

void Reactor::go_on_later(Operation& op) noexcept {
  op.backend_state = 0;
  std::vector<Operation*>& unfinished = core_->unfinished_sends;
  unfinished.push_back(&op);
  if (unfinished.size() == 1) callLater(Duration::zero(), [this] { finish_sends(); });
}

void Reactor::finish_sends() noexcept {
  for (Operation* op : std::exchange(core_->unfinished_sends, {})) {
    const Attempt result = do_submit(*op, op->slot());
    if (result) complete(*op, *result);
  }
}

void Reactor::drain_handle(HandleSlot& slot) noexcept {
  if (slot.in_flight.empty() && !slot.backend_busy) {
    handles_.finish_close(slot);
    return;
  }
  if (slot.backend_busy) end_own_requests(slot);
  // The last completion closes the handle; with most backends it comes during this walk.
  slot.in_flight.for_each([&](Operation& op) {
    if (!op.cancel_asked()) op.set(Operation::closed_handle);
    cancel(op);
  });
  if (!in_turns_) finish_closings();
}

void Reactor::deliver_soon() noexcept {
  wait(read_clock() + std::chrono::milliseconds(1));
  while (deliver()) {
  }
}

void Reactor::finish_closings() noexcept {
  while (handles_.closing() != 0) deliver_soon();
}

void Reactor::quiet(HandleSlot& slot) noexcept {
  if (slot.backend_busy) end_own_requests(slot);
  while (slot.backend_busy) deliver_soon();
}

void Reactor::close_native(HandleSlot& slot) noexcept {
  forget(slot);
  if (slot.kind() == HandleKind::foreign) return;
  if (slot.linger_zero) {
    // Without it the close is still a close, only not a reset.
    [[maybe_unused]] const Result<> set =
        sockets().set_option(slot.native(), SocketOption::linger_zero, 1);
  }
  sockets().close(slot.native());
  if (core_->parked_accepts.empty()) return;
  core_->accept_backoff = std::chrono::milliseconds(50);
  if (core_->accept_retry.active()) core_->accept_retry.cancel();
  core_->accept_retry = callLater(Duration::zero(), [this] { unpark_accepts(); });
}

}  // namespace coil
