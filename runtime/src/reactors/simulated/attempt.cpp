// Operation → simulated network: the one switch of this backend.
#include "network.h"

#include <cerrno>

namespace coil::detail {

namespace {

using Stage = VirtualSocket::Stage;

bool ends_connection(int number) noexcept {
  return number == ECONNRESET || number == ECONNABORTED || number == EPIPE || number == ETIMEDOUT;
}

}  // namespace

bool VirtualNetwork::readable(VirtualSocket& socket) noexcept {
  if (socket.error != 0 || socket.reading_ended || socket.end_arrived) return true;
  if (!socket.is_stream()) return !socket.inbox.empty();
  switch (socket.stage) {
    case Stage::listening:
      return !socket.backlog.empty();
    case Stage::connecting:
      return false;
    case Stage::connected:
      return !socket.arrived.empty();
    case Stage::unconnected:
    case Stage::broken:
      return true;
  }
  return true;
}

bool VirtualNetwork::writable(VirtualSocket& socket) noexcept {
  if (socket.error != 0 || socket.writing_ended || !socket.is_stream()) return true;
  if (socket.stage == Stage::connecting) return false;
  if (socket.stage != Stage::connected) return true;
  const VirtualSocket* other = find(socket.other);
  return other == nullptr || other->on_the_way_bytes < socket.capacity(SocketOption::send_buffer);
}

bool VirtualNetwork::possible(const Operation& op, VirtualSocket& socket) noexcept {
  switch (op.code()) {
    case OpCode::connect:
      return !static_cast<const ConnectOperation&>(op).started || socket.stage != Stage::connecting;
    case OpCode::shutdown:
      return true;
    case OpCode::send:
    case OpCode::send_to:
    case OpCode::poll_writable:
      return writable(socket);
    default:
      return readable(socket);
  }
}

Attempt VirtualNetwork::attempt(Operation& op, VirtualSocket& socket, BufferPool& pool) {
  if (!possible(op, socket)) return std::nullopt;
  if (const int number = settings_.take_fault(op.code())) {
    if (op.code() == OpCode::accept && number == ECONNABORTED && !socket.backlog.empty()) {
      const NativeHandle aborted = socket.backlog.front();
      socket.backlog.pop_front();
      close(aborted);
    } else {
      suffer(socket, number);
    }
    return outcome::from_system_error(number);
  }
  return perform(op, socket, pool);
}

void VirtualNetwork::suffer(VirtualSocket& socket, int fault) {
  if (socket.is_stream() && ends_connection(fault)) break_connection(socket);
}

Attempt VirtualNetwork::send_now(NativeHandle handle, std::span<const ConstBytes> pieces) noexcept {
  VirtualSocket& socket = *find(handle);
  if (!writable(socket)) return std::nullopt;
  if (const int number = settings_.take_fault(OpCode::send)) {
    suffer(socket, number);
    return outcome::from_system_error(number);
  }
  return send(socket, pieces);
}

Attempt VirtualNetwork::perform(Operation& op, VirtualSocket& socket, BufferPool& pool) {
  switch (op.code()) {
    case OpCode::receive:
      return receive(socket, static_cast<ReceiveOperation&>(op).into);
    case OpCode::receive_lease:
      return receive_lease(static_cast<ReceiveLeaseOperation&>(op), socket, pool);
    case OpCode::send:
      return send(socket, static_cast<SendOperation&>(op).pieces());
    case OpCode::accept:
      return accept(socket);
    case OpCode::connect:
      return connect(static_cast<ConnectOperation&>(op), socket);
    case OpCode::receive_from:
      return receive_from(static_cast<ReceiveFromOperation&>(op), socket);
    case OpCode::send_to: {
      const auto& request = static_cast<SendToOperation&>(op);
      return send_to(socket, request.from, request.peer);
    }
    case OpCode::shutdown:
      return outcome::from_system_error(end_stream(socket, ShutdownSide::write));
    case OpCode::poll_readable:
    case OpCode::poll_writable:
      return 0;
  }
  return outcome::from_errc(Errc::not_supported);
}

}  // namespace coil::detail
