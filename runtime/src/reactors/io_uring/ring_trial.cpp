// Trials of a new ring: setting it up may be allowed and using it not, and a kernel may know an
// operation and lack the way in which it is used.
#include "ring.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <vector>

namespace coil::detail {

namespace {

// Two ends of a local connection.
class Pair {
 public:
  Pair() noexcept { open_ = ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) == 0; }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    close_far();
    if (open_) ::close(ends_[0]);
  }

  bool open() const noexcept { return open_; }
  int near() const noexcept { return ends_[0]; }
  int far() const noexcept { return ends_[1]; }
  bool write(char byte) const noexcept { return ::send(far(), &byte, 1, MSG_NOSIGNAL) == 1; }
  void close_far() noexcept {
    if (open_ && ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
  bool open_;
};

}  // namespace

// The next completion, or one that failed when none comes.
Completion Ring::wait_in_trial() noexcept {
  for (int tries = 0; tries < 10; ++tries) {
    Completion found;
    if (next(found)) return found;
    enter(std::chrono::milliseconds(100));
  }
  return {.data = 0, .result = -ETIME, .flags = 0};
}

// A byte must make its way through the ring.
bool Ring::self_test(std::string& refusal) noexcept {
  const Pair pair;
  if (!pair.open()) {
    refusal = explain_refusal(errno);
    return false;
  }
  char sent = 'c';
  char received = 0;
  io_uring_prep_recv(&entry(), pair.near(), &received, 1, 0);
  io_uring_prep_send(&entry(), pair.far(), &sent, 1, MSG_NOSIGNAL);
  const bool both = wait_in_trial().result == 1 && wait_in_trial().result == 1;
  if (both && received == sent) {
    features_.multishot_poll = features_.multishot_poll && try_multishot_poll();
    features_.batched_send = features_.batched_send && try_batched_send();
    return true;
  }
  refusal = "a trial send and receive through the ring failed (a filter on its operations?)";
  return false;
}

bool Ring::try_multishot_poll() noexcept {
  Pair pair;
  if (!pair.open()) return false;
  io_uring_prep_poll_multishot(&entry(), pair.near(), POLLIN);
  if (!pair.write('c')) return false;
  const Completion first = wait_in_trial();
  const bool goes_on = first.result > 0 && (first.flags & IORING_CQE_F_MORE) != 0;
  if (!goes_on) return false;
  io_uring_prep_cancel64(&entry(), 0, IORING_ASYNC_CANCEL_ALL);
  // The poll's end and the cancellation's, in either order.
  wait_in_trial();
  wait_in_trial();
  return true;
}

// More than the connection takes, which must be told as it is; and a byte, which must not be told.
bool Ring::try_batched_send() noexcept {
  Pair pair;
  const int least = 0;
  if (!pair.open()) return false;
  if (::setsockopt(pair.near(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least) != 0) return false;
  std::vector<char> much(64 * 1024);
  auto send = [&](std::size_t size) {
    io_uring_sqe& sqe = entry();
    io_uring_prep_send(&sqe, pair.near(), much.data(), size,
                       MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
    sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
  };
  send(much.size());
  const int sent = wait_in_trial().result;
  if (sent <= 0 || static_cast<std::size_t>(sent) >= much.size()) return false;
  if (::recv(pair.far(), much.data(), much.size(), MSG_DONTWAIT) <= 0) return false;
  send(1);
  io_uring_prep_nop(&entry());
  enter(Duration::zero());
  const bool as_told = ready() == 1 && wait_in_trial().result == 0;
  for (Completion left; next(left);) {
  }
  return as_told;
}

// Two bytes that come one after the other, and the end, as every connection will see them.
bool Ring::try_multishot(BufferRing& buffers) noexcept {
  Pair pair;
  if (!pair.open()) return false;
  io_uring_sqe& receive = entry();
  io_uring_prep_recv_multishot(&receive, pair.near(), nullptr, 0, 0);
  receive.flags |= IOSQE_BUFFER_SELECT;
  receive.buf_group = buffers.group();
  for (const char byte : {'a', 'b'}) {
    if (!pair.write(byte)) return false;
    const Completion received = wait_in_trial();
    const unsigned wanted = IORING_CQE_F_BUFFER | IORING_CQE_F_MORE;
    if (received.result != 1 || (received.flags & wanted) != wanted) return false;
    const BufferLease lease = buffers.take(received.flags, 1);
    if (as_text(lease.bytes()) != std::string_view(&byte, 1)) return false;
  }
  pair.close_far();
  const Completion end = wait_in_trial();
  if ((end.flags & IORING_CQE_F_BUFFER) != 0) buffers.take(end.flags, 0);
  return end.result == 0 && (end.flags & IORING_CQE_F_MORE) == 0;
}

}  // namespace coil::detail
