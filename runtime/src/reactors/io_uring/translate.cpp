// With its header, the only file that knows ring opcodes: one switch.
#include "translate.h"

#include <coil/runtime/operations.h>

#include <poll.h>
#include <sys/socket.h>

namespace coil::detail {

// Datagrams and gathered sends have no entry of their own on purpose: their message headers would
// have to outlive the submission, while an attempt keeps them on the stack and costs as little.
// Receives are the receiver's, and one piece is sent by the entry that follows.
bool translate(Operation& op, HandleSlot& slot, Ring& ring) noexcept {
  const int fd = slot.native().descriptor();
  const RingFeatures& features = ring.features();
  switch (op.code()) {
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
    case OpCode::receive:
    case OpCode::receive_lease:
    case OpCode::send:
    case OpCode::receive_from:
    case OpCode::send_to:
    case OpCode::shutdown:
    case OpCode::poll_readable:
    case OpCode::poll_writable:
      return false;
  }
  return false;
}

namespace {

constexpr unsigned polled_for_read = POLLIN | POLLRDHUP;

}  // namespace

void translate_poll(Operation& op, HandleSlot& slot, Ring& ring) noexcept {
  const unsigned events = op.direction() == Direction::read ? polled_for_read : POLLOUT;
  io_uring_sqe& entry = ring.entry();
  io_uring_prep_poll_add(&entry, slot.native().descriptor(), events);
  io_uring_sqe_set_data(&entry, &op);
}

void translate_own_receive(HandleSlot& slot, Ring& ring, std::uint16_t buffer_group) noexcept {
  io_uring_sqe& entry = ring.entry_of_many();
  io_uring_prep_recv_multishot(&entry, slot.native().descriptor(), nullptr, 0, 0);
  entry.flags |= IOSQE_BUFFER_SELECT;
  entry.buf_group = buffer_group;
  io_uring_sqe_set_data64(&entry, name_of(slot, OwnRequest::receive));
}

void translate_own_poll(HandleSlot& slot, Ring& ring) noexcept {
  const int fd = slot.native().descriptor();
  io_uring_sqe& entry = ring.entry();
  if (ring.features().multishot_poll) {
    io_uring_prep_poll_multishot(&entry, fd, polled_for_read);
  } else {
    io_uring_prep_poll_add(&entry, fd, polled_for_read);
  }
  io_uring_sqe_set_data64(&entry, name_of(slot, OwnRequest::poll));
}

void translate_own_accept(HandleSlot& slot, Ring& ring) noexcept {
  io_uring_sqe& entry = ring.entry_of_many();
  io_uring_prep_multishot_accept(&entry, slot.native().descriptor(), nullptr, nullptr,
                                 SOCK_CLOEXEC);
  io_uring_sqe_set_data64(&entry, name_of(slot, OwnRequest::accept));
}

void end_own_request(HandleSlot& slot, Ring& ring) noexcept {
  OwnState& state = own_state(slot);
  if (state.armed == OwnRequest::nothing || state.ending) return;
  state.ending = true;
  io_uring_sqe& entry = ring.entry();
  io_uring_prep_cancel64(&entry, name_of(slot, state.armed), 0);
  io_uring_sqe_set_data64(&entry, ignored);
}

}  // namespace coil::detail
