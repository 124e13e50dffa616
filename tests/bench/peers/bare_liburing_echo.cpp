// A bare io_uring echo server: the lower bound that every ratio of the benchmarks refers to.
// Multishot accept, multishot receive into one ring of provided buffers, one send per received
// completion straight from the buffer it arrived in, one submission per turn.
#include <liburing.h>
#include <poll.h>
#include <sys/mman.h>

#include <vector>

#include "peer_server.h"

namespace {

constexpr unsigned ring_entries = 1024;
constexpr unsigned completion_entries = 8192;
constexpr std::uint16_t buffer_count = 1024;
constexpr std::uint32_t buffer_size = 16 * 1024;
constexpr std::uint16_t buffer_group = 1;
constexpr std::uint16_t no_buffer = 0xffff;

enum class Kind : std::uint8_t { accept, receive, send, stop };

// Everything about one connection; at most one send is in flight, from the buffer `first`.
struct Connection {
  bool receiving = false;  // A multishot receive is armed.
  bool sending = false;
  bool ended = false;   // The peer stopped sending: close when the rest is sent.
  bool broken = false;  // Drop what is queued and close.
  std::uint16_t first = no_buffer;
  std::uint16_t last = no_buffer;
  std::uint32_t sent = 0;  // Of the buffer `first`.
};

struct Received {
  std::uint32_t size = 0;
  std::uint16_t next = no_buffer;
};

// The ring of provided buffers, and who follows whom in the queue of its connection.
class Buffers {
 public:
  void open(io_uring& ring) {
    const std::size_t ring_size = buffer_count * sizeof(io_uring_buf);
    ring_ = static_cast<io_uring_buf_ring*>(map(ring_size));
    bytes_ = static_cast<char*>(map(std::size_t{buffer_count} * buffer_size));
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(ring_);
    registration.ring_entries = buffer_count;
    registration.bgid = buffer_group;
    const int error = io_uring_register_buf_ring(&ring, &registration, 0);
    if (error < 0) peer::fail("io_uring_register_buf_ring", -error);
    io_uring_buf_ring_init(ring_);
    for (std::uint16_t id = 0; id < buffer_count; ++id) give_back(id);
    publish();
  }

  char* at(std::uint16_t id) const { return bytes_ + std::size_t{id} * buffer_size; }
  Received& received(std::uint16_t id) { return received_[id]; }

  void give_back(std::uint16_t id) {
    io_uring_buf_ring_add(ring_, at(id), buffer_size, id, io_uring_buf_ring_mask(buffer_count),
                          returned_++);
  }

  // Shows the kernel what was given back; true if there was anything.
  bool publish() {
    if (returned_ == 0) return false;
    io_uring_buf_ring_advance(ring_, returned_);
    returned_ = 0;
    return true;
  }

 private:
  static void* map(std::size_t size) {
    void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (memory == MAP_FAILED) peer::fail("mmap");
    return memory;
  }

  io_uring_buf_ring* ring_ = nullptr;
  char* bytes_ = nullptr;
  std::vector<Received> received_ = std::vector<Received>(buffer_count);
  int returned_ = 0;
};

class Server {
 public:
  Server(int listener, int stop) : listener_(listener) {
    io_uring_params parameters{};
    parameters.flags =
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    parameters.cq_entries = completion_entries;
    const int error = io_uring_queue_init_params(ring_entries, &ring_, &parameters);
    if (error < 0) peer::fail("io_uring_queue_init_params", -error);
    buffers_.open(ring_);
    arm_accept();
    io_uring_sqe* entry = prepare();
    io_uring_prep_poll_add(entry, stop, POLLIN);
    mark(entry, stop, Kind::stop);
  }

  void run() {
    while (!stopped_) {
      const int error = io_uring_submit_and_wait(&ring_, 1);
      if (error < 0 && error != -EINTR && error != -EBUSY && error != -EAGAIN) {
        peer::fail("io_uring_submit_and_wait", -error);
      }
      unsigned head = 0;
      unsigned count = 0;
      io_uring_cqe* completion = nullptr;
      io_uring_for_each_cqe(&ring_, head, completion) {
        dispatch(*completion);
        ++count;
      }
      io_uring_cq_advance(&ring_, count);
      if (buffers_.publish() && !starved_.empty()) arm_starved();
    }
  }

  // Leaving the ring first ends every request, so that each descriptor is closed unused.
  void close_all() {
    io_uring_queue_exit(&ring_);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      const Connection& connection = connections_[i];
      if (connection.receiving || connection.sending) ::close(static_cast<int>(i));
    }
    for (const int descriptor : starved_) ::close(descriptor);
    ::close(listener_);
  }

 private:
  Connection& at(int descriptor) { return connections_[static_cast<std::size_t>(descriptor)]; }

  // A free entry; a full queue is submitted to make room.
  io_uring_sqe* prepare() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    while (entry == nullptr) {
      io_uring_submit(&ring_);
      entry = io_uring_get_sqe(&ring_);
    }
    return entry;
  }

  static void mark(io_uring_sqe* entry, int descriptor, Kind kind) {
    entry->user_data = (static_cast<std::uint64_t>(descriptor) << 8) | static_cast<unsigned>(kind);
  }

  void dispatch(const io_uring_cqe& completion) {
    const auto kind = static_cast<Kind>(completion.user_data & 0xff);
    const int descriptor = static_cast<int>(completion.user_data >> 8);
    switch (kind) {
      case Kind::receive:
        on_received(descriptor, completion);
        break;
      case Kind::send:
        on_sent(descriptor, completion.res);
        break;
      case Kind::accept:
        on_accepted(completion);
        break;
      case Kind::stop:
        stopped_ = true;
        break;
    }
  }

  void arm_accept() {
    io_uring_sqe* entry = prepare();
    io_uring_prep_multishot_accept(entry, listener_, nullptr, nullptr, SOCK_CLOEXEC);
    mark(entry, listener_, Kind::accept);
  }

  void arm_receive(int descriptor) {
    io_uring_sqe* entry = prepare();
    io_uring_prep_recv_multishot(entry, descriptor, nullptr, 0, 0);
    entry->flags |= IOSQE_BUFFER_SELECT;
    entry->buf_group = buffer_group;
    mark(entry, descriptor, Kind::receive);
    at(descriptor).receiving = true;
  }

  void arm_starved() {
    for (const int descriptor : starved_) arm_receive(descriptor);
    starved_.clear();
  }

  void send_first(int descriptor, Connection& connection) {
    const std::uint16_t id = connection.first;
    io_uring_sqe* entry = prepare();
    io_uring_prep_send(entry, descriptor, buffers_.at(id) + connection.sent,
                       buffers_.received(id).size - connection.sent, MSG_NOSIGNAL | MSG_WAITALL);
    mark(entry, descriptor, Kind::send);
    connection.sending = true;
  }

  void on_accepted(const io_uring_cqe& completion) {
    if (completion.res < 0) peer::fail("accept", -completion.res);
    if ((completion.flags & IORING_CQE_F_MORE) == 0) arm_accept();
    const auto index = static_cast<std::size_t>(completion.res);
    if (connections_.size() <= index) connections_.resize(index + 1);
    connections_[index] = Connection();
    arm_receive(completion.res);
  }

  void on_received(int descriptor, const io_uring_cqe& completion) {
    Connection& connection = at(descriptor);
    if ((completion.flags & IORING_CQE_F_MORE) == 0) connection.receiving = false;
    if ((completion.flags & IORING_CQE_F_BUFFER) != 0) {
      const auto id = static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
      if (completion.res > 0 && !connection.broken) {
        buffers_.received(id) = {static_cast<std::uint32_t>(completion.res), no_buffer};
        enqueue(descriptor, connection, id);
      } else {
        buffers_.give_back(id);
      }
    }
    if (connection.receiving) return;
    if (completion.res == -ENOBUFS && !connection.broken) {
      starved_.push_back(descriptor);
    } else if (completion.res > 0 && !connection.broken) {
      arm_receive(descriptor);
    } else {
      connection.ended = true;
      if (completion.res < 0) abandon(descriptor, connection);
      close_if_done(descriptor, connection);
    }
  }

  void enqueue(int descriptor, Connection& connection, std::uint16_t id) {
    if (connection.first != no_buffer) {
      buffers_.received(connection.last).next = id;
      connection.last = id;
      return;
    }
    connection.first = connection.last = id;
    connection.sent = 0;
    send_first(descriptor, connection);
  }

  void on_sent(int descriptor, std::int32_t result) {
    Connection& connection = at(descriptor);
    connection.sending = false;
    if (result < 0) {
      abandon(descriptor, connection);
    } else {
      connection.sent += static_cast<std::uint32_t>(result);
      if (connection.sent == buffers_.received(connection.first).size) drop_first(connection);
    }
    if (connection.first != no_buffer && !connection.broken) {
      send_first(descriptor, connection);
    } else {
      close_if_done(descriptor, connection);
    }
  }

  void drop_first(Connection& connection) {
    const std::uint16_t id = connection.first;
    connection.first = buffers_.received(id).next;
    connection.sent = 0;
    buffers_.give_back(id);
  }

  // The shutdown makes an armed receive end; a buffer that a send still reads is kept.
  void abandon(int descriptor, Connection& connection) {
    connection.broken = true;
    ::shutdown(descriptor, SHUT_RDWR);
    if (connection.sending) return;
    while (connection.first != no_buffer) drop_first(connection);
  }

  void close_if_done(int descriptor, Connection& connection) {
    if (connection.receiving || connection.sending) return;
    if (connection.broken) abandon(descriptor, connection);
    if (connection.broken || (connection.ended && connection.first == no_buffer)) {
      ::close(descriptor);
    }
  }

  io_uring ring_{};
  Buffers buffers_;
  int listener_;
  bool stopped_ = false;
  std::vector<Connection> connections_;  // By descriptor: closed only after its last completion.
  std::vector<int> starved_;             // Found no buffer; armed again when some came back.
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint16_t port = peer::parse_port(argc, argv, "liburing", BENCH_LIBURING_VERSION);
  const int stop = peer::open_stop_descriptor();
  Server server(peer::listen_on_loopback(port, 0), stop);
  server.run();
  server.close_all();
}
