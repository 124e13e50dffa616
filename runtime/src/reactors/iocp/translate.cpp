// With its header, the only file that knows overlapped calls: one switch to begin them, and one for
// what they came to.
#include "translate.h"

#include "../../native_error_windows.h"
#include "../../socket_calls_windows.h"

#include <coil/runtime/owned_handle.h>

#include <windows.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace coil::detail {

namespace {

// What a send that waits carries at once. Windows completes it when all has gone, and tells of what
// went before a cancellation nothing: less would cost calls, more would make a slow peer's progress
// invisible for long.
constexpr std::size_t waiting_send_bytes = 64 * 1024;

HANDLE native_of(const HandleSlot& slot) noexcept {
  return reinterpret_cast<HANDLE>(slot.native().value());
}

bool is_pipe(const HandleSlot& slot) noexcept { return slot.kind() == HandleKind::pipe; }

// The error of a stream or a pipe by its number.
Attempt failed(OpCode code, const HandleSlot& slot, int number) noexcept {
  const bool reads = direction_of(code) == Direction::read;
  if (is_pipe(slot) && reads && number == EPIPE) return 0;  // The end: nobody writes any more.
  if (code == OpCode::accept || code == OpCode::connect) return outcome::from_system_error(number);
  return stream_error(number);
}

// For calls that give 0 when they are done.
Attempt answer_of(int status, DWORD bytes, OpCode code, const HandleSlot& slot) noexcept {
  if (status == 0) return bytes;
  const int error = ::WSAGetLastError();
  if (error == WSA_IO_PENDING) return std::nullopt;
  return failed(code, slot, error_number(static_cast<unsigned long>(error)));
}

Attempt receive(MutableBytes into, const HandleSlot& slot, Request& request) noexcept {
  const auto size = static_cast<ULONG>(std::min(into.size(), call_bytes_max));
  DWORD received = 0;
  if (is_pipe(slot)) {
    const BOOL done = ::ReadFile(native_of(slot), into.data(), size, &received, &request);
    return answer_of(done ? 0 : -1, received, OpCode::receive, slot);
  }
  WSABUF piece = {size, reinterpret_cast<char*>(into.data())};
  const int status =
      ::WSARecv(socket_of(slot.native()), &piece, 1, &received, &request.flags, &request, nullptr);
  return answer_of(status, received, OpCode::receive, slot);
}

// Without a place for bytes: it ends when there are some. No connection holds a buffer while it is
// idle.
Attempt wait_for_data(const HandleSlot& slot, Request& request) noexcept {
  request.waiting = Waiting::data;
  return receive({}, slot, request);
}

// A pipe cannot be asked whether there is anything: the buffer is lent to the kernel.
Attempt receive_lease(ReceiveLeaseOperation& op, const HandleSlot& slot, Request& request,
                      BufferPool& pool) noexcept {
  if (!is_pipe(slot)) return wait_for_data(slot, request);
  try {
    const MutableBytes buffer = pool.borrow();
    request.borrowed = buffer.data();
    const Attempt result = receive(buffer, slot, request);
    if (!result) return std::nullopt;
    request.borrowed = nullptr;
    if (*result >= 0) {
      op.lease = pool.lease(buffer, static_cast<std::size_t>(*result));
    } else {
      pool.give_back(buffer);
    }
    return result;
  } catch (const std::bad_alloc&) {
    return outcome::from_system_error(ENOMEM);
  }
}

void give_back(Request& request, BufferPool& pool) noexcept {
  if (request.borrowed == nullptr) return;
  pool.give_back({std::exchange(request.borrowed, nullptr), pool.buffer_size()});
}

// A pipe takes one piece in a call: where there are several they are copied together, or, without
// memory for that, the first goes alone.
ConstBytes joined(std::span<const ConstBytes> pieces, Request& request, BufferPool& pool) noexcept {
  const auto has_bytes = [](ConstBytes piece) { return !piece.empty(); };
  const auto first = std::ranges::find_if(pieces, has_bytes);
  if (first == pieces.end()) return {};
  if (std::ranges::count_if(pieces, has_bytes) == 1) return *first;
  try {
    const MutableBytes buffer = pool.borrow();
    request.borrowed = buffer.data();
    std::size_t size = 0;
    for (const ConstBytes& piece : pieces) {
      const std::size_t part = std::min(piece.size(), buffer.size() - size);
      if (part != 0) std::memcpy(buffer.data() + size, piece.data(), part);
      size += part;
    }
    return ConstBytes(buffer).first(size);
  } catch (const std::bad_alloc&) {
    return *first;
  }
}

// The end of whoever reads what is written here, or, where bytes come in, the first of them.
Attempt wait_for_end(const HandleSlot& slot, Request& request) noexcept {
  DWORD size = 0;
  const BOOL done = ::ReadFile(native_of(slot), nullptr, 0, &size, &request);
  return answer_of(done ? 0 : -1, 0, OpCode::poll_readable, slot);
}

Attempt send(const SendOperation& op, const HandleSlot& slot, Request& request,
             BufferPool& pool) noexcept {
  DWORD sent = 0;
  if (is_pipe(slot)) {
    const ConstBytes bytes = joined(op.pieces(), request, pool);
    if (bytes.empty()) return 0;  // It would be a message of its own to whoever reads.
    const auto size = static_cast<DWORD>(std::min(bytes.size(), waiting_send_bytes));
    const BOOL done = ::WriteFile(native_of(slot), bytes.data(), size, &sent, &request);
    const Attempt result = answer_of(done ? 0 : -1, sent, OpCode::send, slot);
    if (result) give_back(request, pool);
    return result;
  }
  std::array<WSABUF, gather_max> gathered;
  const DWORD count = gather(op.pieces(), waiting_send_bytes, gathered);
  const int status =
      ::WSASend(socket_of(slot.native()), gathered.data(), count, &sent, 0, &request, nullptr);
  return answer_of(status, sent, OpCode::send, slot);
}

// The socket becomes a connection of the listener: only now has it addresses, and can be shut down.
std::int64_t accepted(SOCKET made, SOCKET listener) noexcept {
  ::setsockopt(made, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, reinterpret_cast<const char*>(&listener),
               sizeof listener);
  return static_cast<std::int64_t>(made);
}

Attempt accept(HandleSlot& slot, Request& request, const Port& port) noexcept {
  AcceptedSocket& accepting = request.accepting;
  const int family = note_of(slot).version_6 ? AF_INET6 : AF_INET;
  accepting.socket = ::WSASocketW(family, SOCK_STREAM, 0, nullptr, 0,
                                  WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (accepting.socket == INVALID_SOCKET) {
    return outcome::from_system_error(
        error_number(static_cast<unsigned long>(::WSAGetLastError())));
  }
  make_nonblocking(accepting.socket);
  DWORD received = 0;
  const SOCKET listener = socket_of(slot.native());
  const BOOL done = port.extensions().accept(listener, accepting.socket, accepting.addresses.data(),
                                             0, AcceptedSocket::address_size,
                                             AcceptedSocket::address_size, &received, &request);
  const Attempt result = answer_of(done ? 0 : -1, received, OpCode::accept, slot);
  if (!result) return std::nullopt;
  if (*result >= 0) return accepted(accepting.socket, listener);
  ::closesocket(accepting.socket);
  return result;
}

// ConnectEx wants a socket that is bound; one that is already says so by an error, which tells
// nothing new.
void bind_to_any(SOCKET socket, bool version_6) noexcept {
  sockaddr_in6 any_6 = {};
  any_6.sin6_family = AF_INET6;
  sockaddr_in any_4 = {};
  any_4.sin_family = AF_INET;
  if (version_6) {
    ::bind(socket, reinterpret_cast<const sockaddr*>(&any_6), sizeof any_6);
  } else {
    ::bind(socket, reinterpret_cast<const sockaddr*>(&any_4), sizeof any_4);
  }
}

std::int64_t connected(SOCKET socket) noexcept {
  ::setsockopt(socket, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, nullptr, 0);
  return 0;
}

Attempt connect(ConnectOperation& op, HandleSlot& slot, Request& request,
                const Port& port) noexcept {
  const SOCKET socket = socket_of(slot.native());
  bind_to_any(socket, note_of(slot).version_6);
  op.started = true;
  const BOOL done =
      port.extensions().connect(socket, reinterpret_cast<const sockaddr*>(op.peer.data()),
                                static_cast<int>(op.peer.size()), nullptr, 0, nullptr, &request);
  const Attempt result = answer_of(done ? 0 : -1, 0, OpCode::connect, slot);
  return result && *result >= 0 ? Attempt(connected(socket)) : result;
}

std::int64_t lend(Request& request, std::size_t bytes, BufferPool& pool) noexcept {
  const MutableBytes buffer(request.borrowed, pool.buffer_size());
  request.borrowed = nullptr;
  try {
    static_cast<ReceiveLeaseOperation&>(*request.operation).lease = pool.lease(buffer, bytes);
    return static_cast<std::int64_t>(bytes);
  } catch (const std::bad_alloc&) {
    pool.give_back(buffer);
    return outcome::from_system_error(ENOMEM);
  }
}

}  // namespace

Attempt translate(Operation& op, HandleSlot& slot, Request& request, const Port& port,
                  BufferPool& pool) noexcept {
  switch (op.code()) {
    case OpCode::receive:
      return receive(static_cast<ReceiveOperation&>(op).into, slot, request);
    case OpCode::receive_lease:
      return receive_lease(static_cast<ReceiveLeaseOperation&>(op), slot, request, pool);
    case OpCode::send:
      return send(static_cast<const SendOperation&>(op), slot, request, pool);
    case OpCode::accept:
      return accept(slot, request, port);
    case OpCode::connect:
      return connect(static_cast<ConnectOperation&>(op), slot, request, port);
    case OpCode::receive_from:
    case OpCode::send_to:
    case OpCode::shutdown:
    case OpCode::poll_writable:
      break;
    case OpCode::poll_readable:
      return wait_for_end(slot, request);
  }
  return outcome::from_errc(Errc::not_supported);
}

Attempt conclude(HandleSlot& slot, Request& request, const Packet& packet,
                 BufferPool& pool) noexcept {
  const Operation& op = *request.operation;
  const bool succeeded = static_cast<NTSTATUS>(packet.status) >= 0;
  if (!succeeded) {
    discard(request, pool);
    const int number = error_number_of_status(packet.status);
    if (number == ECANCELED) return outcome::cancelled;
    return failed(op.code(), slot, number);
  }
  if (request.waiting == Waiting::ready && Port::was_closed(request)) {
    return outcome::from_system_error(EBADF);
  }
  if (request.waiting != Waiting::call) return std::nullopt;
  const SOCKET socket = socket_of(slot.native());
  if (op.code() == OpCode::accept) return accepted(request.accepting.socket, socket);
  if (op.code() == OpCode::connect) return connected(socket);
  if (request.borrowed != nullptr && op.code() == OpCode::receive_lease) {
    return lend(request, packet.bytes, pool);
  }
  if (op.code() == OpCode::send) give_back(request, pool);
  return static_cast<std::int64_t>(packet.bytes);
}

void discard(Request& request, BufferPool& pool) noexcept {
  if (request.waiting != Waiting::call) return;
  const OpCode code = request.operation->code();
  if (code == OpCode::accept) ::closesocket(request.accepting.socket);
  if (code == OpCode::receive_lease || code == OpCode::send) give_back(request, pool);
}

}  // namespace coil::detail
