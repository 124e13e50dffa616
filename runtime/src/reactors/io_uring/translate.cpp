// The only file that knows ring opcodes: one switch.
#include "translate.h"

#include <coil/runtime/operations.h>

#include <poll.h>
#include <sys/socket.h>

namespace coil::detail {

// Datagrams and gathered sends have no entry of their own on purpose: their message headers would
// have to outlive the submission, while an attempt keeps them on the stack and costs as little.
// A leased receive polls first, so that an idle connection owns no buffer and the bytes go to the
// buffer that is hottest in the cache when they arrive.
bool translate(Operation& op, HandleSlot& slot, Ring& ring) noexcept {
  const int fd = slot.native().descriptor();
  const RingFeatures& features = ring.features();
  switch (op.code()) {
    case OpCode::receive: {
      if (!features.recv) return false;
      const MutableBytes into = static_cast<ReceiveOperation&>(op).into;
      io_uring_sqe& entry = ring.entry();
      io_uring_prep_recv(&entry, fd, into.data(), into.size(), 0);
      io_uring_sqe_set_data(&entry, &op);
      return true;
    }
    case OpCode::send: {
      const auto& send = static_cast<SendOperation&>(op);
      if (!features.send || !send.gather.empty()) return false;
      io_uring_sqe& entry = ring.entry();
      io_uring_prep_send(&entry, fd, send.from.data(), send.from.size(), MSG_NOSIGNAL);
      io_uring_sqe_set_data(&entry, &op);
      return true;
    }
    case OpCode::accept: {
      if (!features.accept) return false;
      io_uring_sqe& entry = ring.entry();
      io_uring_prep_accept(&entry, fd, nullptr, nullptr, SOCK_CLOEXEC);
      io_uring_sqe_set_data(&entry, &op);
      return true;
    }
    case OpCode::connect: {
      if (!features.connect) return false;
      auto& connect = static_cast<ConnectOperation&>(op);
      io_uring_sqe& entry = ring.entry();
      io_uring_prep_connect(&entry, fd, reinterpret_cast<const sockaddr*>(connect.peer.data()),
                            connect.peer.size());
      io_uring_sqe_set_data(&entry, &op);
      return true;
    }
    case OpCode::receive_lease:
    case OpCode::receive_from:
    case OpCode::send_to:
    case OpCode::shutdown:
    case OpCode::poll_readable:
    case OpCode::poll_writable:
      return false;
  }
  return false;
}

void translate_poll(Operation& op, HandleSlot& slot, Ring& ring) noexcept {
  const unsigned events = op.direction() == Direction::read ? POLLIN | POLLRDHUP : POLLOUT;
  io_uring_sqe& entry = ring.entry();
  io_uring_prep_poll_add(&entry, slot.native().descriptor(), events);
  io_uring_sqe_set_data(&entry, &op);
}

}  // namespace coil::detail
