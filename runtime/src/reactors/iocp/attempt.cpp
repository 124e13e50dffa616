// Operation → Winsock call: the switch for what is polled, and for what waits for data first.
#include "attempt.h"

#include "../../native_error_windows.h"
#include "../../socket_calls_windows.h"

#include <coil/runtime/owned_handle.h>

#include <ws2tcpip.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace coil::detail {

namespace {

int last_number() noexcept { return error_number(static_cast<unsigned long>(::WSAGetLastError())); }

bool would_block() noexcept { return ::WSAGetLastError() == WSAEWOULDBLOCK; }

Attempt receive(MutableBytes into, HandleSlot& slot) noexcept {
  const std::size_t size = std::min(into.size(), call_bytes_max);
  WSABUF piece = {static_cast<ULONG>(size), reinterpret_cast<char*>(into.data())};
  DWORD received = 0;
  DWORD flags = 0;
  if (::WSARecv(socket_of(slot.native()), &piece, 1, &received, &flags, nullptr, nullptr) == 0) {
    // A short one drained the socket, or the end was reached, which is not asked for again.
    slot.ready_to_read = received == size;
    return received;
  }
  slot.ready_to_read = false;
  if (would_block()) return std::nullopt;
  return stream_error(last_number());
}

Attempt accept(SOCKET listener) noexcept {
  const SOCKET made = ::accept(listener, nullptr, nullptr);
  if (made == INVALID_SOCKET) {
    if (would_block()) return std::nullopt;
    return outcome::from_system_error(last_number());
  }
  ::SetHandleInformation(reinterpret_cast<HANDLE>(made), HANDLE_FLAG_INHERIT, 0);
  return static_cast<std::int64_t>(made);
}

Attempt connect(ConnectOperation& op, SOCKET socket) noexcept {
  if (!op.started) {
    op.started = true;
    const auto* peer = reinterpret_cast<const sockaddr*>(op.peer.data());
    if (::connect(socket, peer, static_cast<int>(op.peer.size())) == 0) return 0;
    if (would_block()) return std::nullopt;
    return outcome::from_system_error(last_number());
  }
  int error = 0;
  int size = sizeof error;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, reinterpret_cast<char*>(&error), &size) != 0) {
    error = ::WSAGetLastError();
  }
  return outcome::from_system_error(error_number(static_cast<unsigned long>(error)));
}

// Windows calls the refusal of a datagram a connection that was reset.
std::int64_t datagram_error(int number) noexcept {
  return outcome::from_system_error(number == ECONNRESET ? ECONNREFUSED : number);
}

Attempt receive_from(ReceiveFromOperation& op, HandleSlot& slot) noexcept {
  const std::size_t size = std::min(op.into.size(), call_bytes_max);
  WSABUF piece = {static_cast<ULONG>(size), reinterpret_cast<char*>(op.into.data())};
  DWORD received = 0;
  DWORD flags = 0;
  int sender_size = NativeAddress::capacity;
  const int status =
      ::WSARecvFrom(socket_of(slot.native()), &piece, 1, &received, &flags,
                    reinterpret_cast<sockaddr*>(op.sender.data()), &sender_size, nullptr, nullptr);
  op.truncated = status != 0 && ::WSAGetLastError() == WSAEMSGSIZE;
  if (status == 0 || op.truncated) {
    op.sender.set_size(static_cast<std::uint32_t>(sender_size));
    return static_cast<std::int64_t>(op.truncated ? size : received);
  }
  if (!would_block()) return datagram_error(last_number());
  slot.ready_to_read = false;
  return std::nullopt;
}

Attempt send_to(const SendToOperation& op, SOCKET socket) noexcept {
  const std::size_t size = std::min(op.from.size(), call_bytes_max);
  auto* data = reinterpret_cast<char*>(const_cast<std::byte*>(op.from.data()));
  WSABUF piece = {static_cast<ULONG>(size), data};
  const auto* peer =
      op.peer.size() == 0 ? nullptr : reinterpret_cast<const sockaddr*>(op.peer.data());
  DWORD sent = 0;
  if (::WSASendTo(socket, &piece, 1, &sent, 0, peer, static_cast<int>(op.peer.size()), nullptr,
                  nullptr) == 0) {
    return sent;
  }
  if (would_block()) return std::nullopt;
  return datagram_error(last_number());
}

Attempt shut_down(SOCKET socket) noexcept {
  if (::shutdown(socket, SD_SEND) == 0) return 0;
  return stream_error(last_number());
}

}  // namespace

Attempt receive_lease(ReceiveLeaseOperation& op, HandleSlot& slot, BufferPool& pool) noexcept {
  MutableBytes buffer;
  try {
    buffer = pool.borrow();
    const Attempt result = receive(buffer, slot);
    if (result && *result >= 0) {
      op.lease = pool.lease(buffer, static_cast<std::size_t>(*result));
    } else {
      pool.give_back(buffer);
    }
    return result;
  } catch (...) {
    if (!buffer.empty()) pool.give_back(buffer);
    return outcome::from_system_error(ENOMEM);
  }
}

Attempt attempt(Operation& op, HandleSlot& slot, BufferPool& pool) noexcept {
  const SOCKET socket = socket_of(slot.native());
  switch (op.code()) {
    case OpCode::receive:
      return receive(static_cast<ReceiveOperation&>(op).into, slot);
    case OpCode::receive_lease:
      return receive_lease(static_cast<ReceiveLeaseOperation&>(op), slot, pool);
    case OpCode::send:
      return try_send(socket, static_cast<const SendOperation&>(op).pieces());
    case OpCode::accept:
      return accept(socket);
    case OpCode::connect:
      return connect(static_cast<ConnectOperation&>(op), socket);
    case OpCode::receive_from:
      return receive_from(static_cast<ReceiveFromOperation&>(op), slot);
    case OpCode::send_to:
      return send_to(static_cast<const SendToOperation&>(op), socket);
    case OpCode::shutdown:
      return shut_down(socket);
    case OpCode::poll_readable:
    case OpCode::poll_writable:
      return 0;
  }
  return outcome::from_errc(Errc::not_supported);
}

}  // namespace coil::detail
