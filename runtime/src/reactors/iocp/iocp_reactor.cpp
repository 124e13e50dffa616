// The reactor of completion ports.
#include "iocp_reactor.h"

#include "../backends.h"
#include "attempt.h"
#include "translate.h"

#include <coil/runtime/operations.h>

#include <cerrno>
#include <new>

namespace coil::detail {

IocpReactor::~IocpReactor() {
  shut_down();
  if (requests_.alive() != 0) contract_violation("a reactor ended before its last completion");
}

std::string IocpReactor::description() const {
  return "overlapped streams and pipes; datagrams and sockets from outside by polls of the driver";
}

TimePoint IocpReactor::read_clock() const noexcept { return std::chrono::steady_clock::now(); }

Attempt IocpReactor::do_submit(Operation& op, HandleSlot& slot) noexcept {
  op.backend_state = handed_back;
  HandleNote& note = note_of(slot);
  if (note.service == Service::unknown) note = port_.adopt(slot.native(), slot.kind());
  if (note.service == Service::overlapped) return submit_overlapped(op, slot);
  if (note.service == Service::polled) return submit_polled(op, slot);
  return submit_blocking(op, slot);
}

Attempt IocpReactor::submit_blocking(Operation& op, HandleSlot& slot) noexcept {
  Request* request = requests_.take(op);
  if (request == nullptr) return outcome::from_system_error(ENOMEM);
  Attempt result = outcome::from_system_error(ENOMEM);
  try {
    const auto handle = reinterpret_cast<HANDLE>(slot.native().value());
    result =
        blocking_.try_emplace(&slot, handle, port_).first->second.attempt(op, *request, buffers());
  } catch (const std::bad_alloc&) {
    requests_.give_back(*request);
    return result;
  }
  if (result) {
    requests_.give_back(*request);
  } else {
    enter_kernel(op, slot, *request);
  }
  return result;
}

// Here a thread may still be in a call that nobody waits for any more.
void IocpReactor::forget(HandleSlot& slot) noexcept {
  if (note_of(slot).service == Service::blocking) blocking_.erase(&slot);
}

Attempt IocpReactor::submit_overlapped(Operation& op, HandleSlot& slot) noexcept {
  const bool is_pipe = slot.kind() == HandleKind::pipe;
  switch (op.code()) {
    case OpCode::receive:
    case OpCode::accept:
    case OpCode::connect:
      return call(op, slot);
    case OpCode::receive_lease:
      return is_pipe ? call(op, slot) : submit_lease(op, slot);
    case OpCode::send:
      // What can go at once needs no request, and carries as much as there is room for.
      if (!is_pipe) {
        if (const Attempt sent = attempt(op, slot, buffers())) return sent;
      }
      return call(op, slot);
    case OpCode::poll_readable:
      return is_pipe ? call(op, slot) : submit_polled(op, slot);
    default:
      return is_pipe ? outcome::from_errc(Errc::not_supported) : submit_polled(op, slot);
  }
}

Attempt IocpReactor::submit_polled(Operation& op, HandleSlot& slot) noexcept {
  if (worth_trying(op, slot)) {
    if (const Attempt result = attempt(op, slot, buffers())) return result;
  }
  return poll(op, slot);
}

// The buffer comes when there is something to put into it. Data that was there, and is not when one
// looks, was another's: then a poll, which cannot end at once, sees to it that others get a turn.
Attempt IocpReactor::submit_lease(Operation& op, HandleSlot& slot) noexcept {
  if (!slot.ready_to_read) {
    const Attempt waited = call(op, slot);
    if (!waited || *waited < 0) return waited;
  }
  auto& lease = static_cast<ReceiveLeaseOperation&>(op);
  if (const Attempt result = receive_lease(lease, slot, buffers())) return result;
  const Attempt waited = call(op, slot);
  if (!waited || *waited < 0) return waited;
  if (const Attempt result = receive_lease(lease, slot, buffers())) return result;
  return poll(op, slot);
}

Attempt IocpReactor::poll(Operation& op, HandleSlot& slot) noexcept {
  Request* request = requests_.take(op);
  if (request == nullptr) return outcome::from_system_error(ENOMEM);
  const Attempt refused = port_.poll(slot, op.direction(), *request);
  if (refused) {
    requests_.give_back(*request);
  } else {
    enter_kernel(op, slot, *request);
  }
  return refused;
}

Attempt IocpReactor::call(Operation& op, HandleSlot& slot) noexcept {
  Request* request = requests_.take(op);
  if (request == nullptr) return outcome::from_system_error(ENOMEM);
  const Attempt result = translate(op, slot, *request, port_, buffers());
  if (result) {
    requests_.give_back(*request);
  } else {
    enter_kernel(op, slot, *request);
  }
  return result;
}

void IocpReactor::enter_kernel(Operation& op, HandleSlot& slot, Request& request) noexcept {
  HandleNote& note = note_of(slot);
  request.next = note.first;
  note.first = request.number;
  op.backend_state = in_kernel;
}

// Takes it out of the list of its handle, which rarely has more than one per direction.
Request* IocpReactor::leave_kernel(Request& request, HandleSlot& slot) noexcept {
  std::uint32_t* link = &note_of(slot).first;
  while (*link != request.number) link = &requests_.at(*link).next;
  *link = request.next;
  request.operation->backend_state = handed_back;
  return &request;
}

void IocpReactor::do_cancel(Operation& op, HandleSlot& slot) noexcept {
  for (std::uint32_t at = note_of(slot).first; at != 0;) {
    Request& request = requests_.at(at);
    at = request.next;
    if (request.operation != &op) continue;
    if (note_of(slot).service != Service::blocking) {
      port_.cancel(slot, request);
    } else if (blocking_.at(&slot).take_back(op, request)) {
      leave_kernel(request, slot);
      requests_.give_back(request);
      complete(op, outcome::cancelled);
      return;
    }
  }
}

void IocpReactor::wait(TimePoint until) noexcept {
  if (until == TimePoint::max()) {
    port_.wait(std::nullopt);
    return;
  }
  const TimePoint now = until == TimePoint::min() ? until : read_clock();
  port_.wait(until > now ? until - now : Duration::zero());
}

void IocpReactor::deliver_all() noexcept {
  while (deliver()) run_ready();
}

bool IocpReactor::deliver() noexcept {
  Packet packet = {};
  if (!port_.next(packet)) return false;
  if (packet.request != nullptr) on_request(packet);
  return true;
}

// A success that came before the cancellation it was asked for is a success.
void IocpReactor::on_request(const Packet& packet) noexcept {
  Request& request = *packet.request;
  Operation& op = *request.operation;
  HandleSlot& slot = op.slot();
  leave_kernel(request, slot);
  if (note_of(slot).service == Service::blocking) {
    requests_.give_back(request);
    if (const Attempt result = submit_blocking(op, slot)) complete(op, *result);
    return;
  }
  Attempt result = conclude(slot, request, packet, buffers());
  requests_.give_back(request);
  if (!result) {
    if (op.direction() == Direction::read) slot.ready_to_read = true;
    result = attempt(op, slot, buffers());
  }
  if (!result && op.cancel_asked()) result = outcome::cancelled;
  if (!result) result = do_submit(op, slot);
  if (result) complete(op, *result);
}

std::unique_ptr<Reactor> make_iocp_reactor() { return std::make_unique<IocpReactor>(); }

}  // namespace coil::detail
