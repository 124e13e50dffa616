// Operation → system call: the one switch that every readiness backend shares.
#include "attempt.h"

#include "../../native_calls.h"
#include "../../socket_calls_posix.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <span>

namespace coil::detail {

namespace {

constexpr std::size_t write_max = 64;  // Pieces of one write to a pipe.

bool would_block(int number) noexcept { return number == EAGAIN || number == EWOULDBLOCK; }

// Repeats an interrupted call and turns its result into an outcome.
template <class Call>
[[gnu::always_inline]] inline Attempt outcome_of(Call call) noexcept {
  for (;;) {
    const ssize_t result = call();
    if (result >= 0) return result;
    if (errno == EINTR) continue;
    if (would_block(errno)) return std::nullopt;
    return outcome::from_system_error(errno);
  }
}

// A short read drained the socket: trying again before the next event would fail.
void note_received(const Attempt& result, std::size_t asked, HandleSlot& slot) noexcept {
  if (!result || (*result > 0 && static_cast<std::size_t>(*result) < asked)) {
    slot.ready_to_read = false;
  }
}

// The number of bytes tells nothing of what is left: a terminal gives a line at a time. And its
// other end hanging up is an end like any other, where the kernel reports an error.
[[gnu::noinline]] Attempt read_pipe(MutableBytes into, HandleSlot& slot) noexcept {
  const int fd = slot.native().descriptor();
  const Attempt result = outcome_of([&] { return ::read(fd, into.data(), into.size()); });
  if (!result) slot.ready_to_read = false;
  const bool hung_up = result && *result == outcome::from_system_error(EIO) && ::isatty(fd) == 1;
  return hung_up ? Attempt(0) : result;
}

[[gnu::noinline]] Attempt write_pipe(const SendOperation& op, int fd) noexcept {
  const std::span<const ConstBytes> pieces = op.pieces();
  std::array<iovec, write_max> gathered;
  const std::size_t count = std::min(pieces.size(), write_max);
  for (std::size_t index = 0; index < count; ++index) {
    gathered[index].iov_base = const_cast<std::byte*>(pieces[index].data());
    gathered[index].iov_len = pieces[index].size();
  }
  return outcome_of([&] { return ::writev(fd, gathered.data(), static_cast<int>(count)); });
}

inline Attempt receive(MutableBytes into, HandleSlot& slot) noexcept {
  if (slot.kind() == HandleKind::pipe) [[unlikely]]
    return read_pipe(into, slot);
  const int fd = slot.native().descriptor();
  const Attempt result =
      outcome_of([&] { return ::recv(fd, into.data(), into.size(), MSG_DONTWAIT); });
  note_received(result, into.size(), slot);
  return result;
}

Attempt accept(int fd) noexcept {
  return outcome_of([&] { return accept_socket(fd); });
}

Attempt connect(ConnectOperation& op, int fd) noexcept {
  if (!op.started) {
    op.started = true;
    const auto* peer = reinterpret_cast<const sockaddr*>(op.peer.data());
    if (::connect(fd, peer, op.peer.size()) == 0) return 0;
    if (errno == EINPROGRESS || errno == EINTR) return std::nullopt;
    return outcome::from_system_error(errno == EAGAIN ? ENOBUFS : errno);
  }
  pollfd ready = {.fd = fd, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 0) <= 0) return std::nullopt;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return outcome::from_system_error(error);
}

Attempt receive_from(ReceiveFromOperation& op, HandleSlot& slot) noexcept {
  iovec piece = {.iov_base = op.into.data(), .iov_len = op.into.size()};
  msghdr message = {};
  message.msg_name = op.sender.data();
  message.msg_namelen = NativeAddress::capacity;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  const int fd = slot.native().descriptor();
  const Attempt result = outcome_of([&] { return ::recvmsg(fd, &message, MSG_DONTWAIT); });
  if (!result) slot.ready_to_read = false;
  op.sender.set_size(message.msg_namelen);
  op.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  return result;
}

Attempt send_to(SendToOperation& op, int fd) noexcept {
  const auto* peer =
      op.peer.size() == 0 ? nullptr : reinterpret_cast<const sockaddr*>(op.peer.data());
  return outcome_of([&] {
    return ::sendto(fd, op.from.data(), op.from.size(), MSG_DONTWAIT | send_without_signal, peer,
                    op.peer.size());
  });
}

Attempt poll_now(int fd, Direction side) noexcept {
  pollfd watched = {};
  watched.fd = fd;
  watched.events = side == Direction::read ? POLLIN | poll_peer_ended : POLLOUT;
  const Attempt result = outcome_of([&] { return ::poll(&watched, 1, 0); });
  if (result && *result < 0) return result;
  if ((watched.revents & POLLNVAL) != 0) return outcome::from_system_error(EBADF);
  if (watched.revents == 0) return std::nullopt;
  return 0;
}

Attempt shut_down(int fd) noexcept {
  return outcome_of([&] { return ::shutdown(fd, SHUT_WR); });
}

// With IP_RECVERR refusals also queue up beside the data, and as long as they do, the kernel
// reports an error that no receive finds: waiting would end at once, again and again.
void drop_queued_errors(HandleSlot& slot) noexcept {
#if defined(MSG_ERRQUEUE)
  msghdr message = {};
  while (::recvmsg(slot.native().descriptor(), &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
  }
#endif
  slot.ended = false;
}

Attempt call(Operation& op, HandleSlot& slot, BufferPool& pool) noexcept {
  const int fd = slot.native().descriptor();
  switch (op.code()) {
    case OpCode::receive:
      return receive(static_cast<ReceiveOperation&>(op).into, slot);
    case OpCode::receive_lease:
      return receive_lease(static_cast<ReceiveLeaseOperation&>(op), slot, pool);
    case OpCode::send:
      return send(static_cast<const SendOperation&>(op), slot);
    case OpCode::accept:
      return accept(fd);
    case OpCode::connect:
      return connect(static_cast<ConnectOperation&>(op), fd);
    case OpCode::receive_from:
      return receive_from(static_cast<ReceiveFromOperation&>(op), slot);
    case OpCode::send_to:
      return send_to(static_cast<SendToOperation&>(op), fd);
    case OpCode::shutdown:
      return shut_down(fd);
    case OpCode::poll_readable:
    case OpCode::poll_writable:
      return poll_now(fd, op.direction());
  }
  return outcome::from_errc(Errc::not_supported);
}

}  // namespace

Attempt receive_lease(ReceiveLeaseOperation& op, HandleSlot& slot, BufferPool& pool) noexcept {
  MutableBytes buffer;
  try {
    buffer = pool.borrow();
    const Attempt result = receive(buffer, slot);
    if (result && *result >= 0) {
      // Made in place, which costs less than a move: what is there is empty.
      new (&op.lease) BufferLease(pool.lease(buffer, static_cast<std::size_t>(*result)));
    } else {
      pool.give_back(buffer);
    }
    return result;
  } catch (...) {
    if (!buffer.empty()) pool.give_back(buffer);
    return outcome::from_system_error(ENOMEM);
  }
}

Attempt send(const SendOperation& op, const HandleSlot& slot) noexcept {
  const int fd = slot.native().descriptor();
  if (slot.kind() == HandleKind::pipe) [[unlikely]]
    return write_pipe(op, fd);
  return op.in_pieces() ? try_send(fd, op.pieces()) : try_send(fd, op.from);
}

Attempt attempt(Operation& op, HandleSlot& slot, BufferPool& pool) noexcept {
  const Attempt result = call(op, slot, pool);
  if (!result && slot.ended && slot.kind() == HandleKind::datagram) drop_queued_errors(slot);
  return result;
}

}  // namespace coil::detail
