// The load generator: echo clients that check every byte, and the server's CPU time per slice.
//
// usage: bench_load PORT PID CONNECTIONS SIZE IN_FLIGHT SLICES SLICE_MS
// Prints one line per slice: messages, nanoseconds of the server's CPU, nanoseconds on the clock.
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "clients.h"

namespace {

using load::clock_ns;
using load::fail;
using load::Pattern;

struct Connection {
  int descriptor = -1;
  std::size_t start = 0;  // Where in the pattern this connection begins.
  std::size_t sent = 0;   // Bytes so far, as `received`.
  std::size_t received = 0;
  std::size_t may_send = 0;  // Bytes that may be sent before more come back.
  bool wants_write = false;
};

class Load {
 public:
  Load(std::size_t size, std::size_t in_flight)
      : size_(size),
        in_flight_(in_flight),
        epoll_(::epoll_create1(0)),
        incoming_(Pattern::chunk_max) {}

  void connect(std::uint16_t port, std::size_t count) {
    connections_.resize(count);
    for (std::size_t index = 0; index < count; ++index) {
      Connection& connection = connections_[index];
      connection.descriptor = load::connect_to(port);
      connection.start = Pattern::start_of(index);
      connection.may_send = size_ * in_flight_;
      epoll_event event = {};
      event.events = EPOLLIN;
      event.data.u64 = index;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.descriptor, &event);
    }
    for (Connection& connection : connections_) send(connection);
  }

  void run_until(std::int64_t end) {
    std::vector<epoll_event> events(1024);
    while (clock_ns() < end) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10);
      for (int index = 0; index < count; ++index) {
        const epoll_event& event = events[static_cast<std::size_t>(index)];
        Connection& connection = connections_[event.data.u64];
        if ((event.events & EPOLLOUT) != 0) send(connection);
        if ((event.events & EPOLLIN) != 0) receive(connection);
        if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) fail("a connection was lost");
      }
    }
  }

  std::int64_t messages() const { return messages_; }

 private:
  const char* expected(const Connection& connection, std::size_t position) const {
    return pattern_.at(connection.start + position);
  }

  void send(Connection& connection) {
    while (connection.may_send > 0) {
      const std::size_t size = std::min(connection.may_send, Pattern::chunk_max);
      const ssize_t sent = ::send(connection.descriptor, expected(connection, connection.sent),
                                  size, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) {
        if (errno != EAGAIN) fail("send");
        watch_writable(connection, true);
        return;
      }
      connection.sent += static_cast<std::size_t>(sent);
      connection.may_send -= static_cast<std::size_t>(sent);
    }
    watch_writable(connection, false);
  }

  void watch_writable(Connection& connection, bool on) {
    if (connection.wants_write == on) return;
    connection.wants_write = on;
    epoll_event event = {};
    event.events = EPOLLIN | (on ? EPOLLOUT : 0U);
    event.data.u64 = static_cast<std::uint64_t>(&connection - connections_.data());
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.descriptor, &event);
  }

  void receive(Connection& connection) {
    const ssize_t got =
        ::recv(connection.descriptor, incoming_.data(), incoming_.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) fail("recv");
    const auto size = static_cast<std::size_t>(got);
    pattern_.check(incoming_.data(), size, connection.start + connection.received);
    const std::size_t before = connection.received / size_;
    connection.received += size;
    const std::size_t done = connection.received / size_ - before;
    messages_ += static_cast<std::int64_t>(done);
    connection.may_send += done * size_;
    if (done > 0) send(connection);
  }

  std::size_t size_;
  std::size_t in_flight_;
  int epoll_;
  Pattern pattern_;
  std::vector<char> incoming_;
  std::vector<Connection> connections_;
  std::int64_t messages_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const auto number =
      load::numbers(argc, argv, 7, "PORT PID CONNECTIONS SIZE IN_FLIGHT SLICES SLICE_MS");
  const int pid = static_cast<int>(number[1]);
  const std::int64_t slice_ns = number[6] * 1'000'000;

  Load clients(static_cast<std::size_t>(number[3]), static_cast<std::size_t>(number[4]));
  clients.connect(static_cast<std::uint16_t>(number[0]), static_cast<std::size_t>(number[2]));
  clients.run_until(clock_ns() + 2 * slice_ns);  // Caches, pools and windows warm up.
  for (long long slice = 0; slice < number[5]; ++slice) {
    const std::int64_t messages = clients.messages();
    const std::int64_t start = clock_ns();
    const std::int64_t spent = load::cpu_ns(pid);
    clients.run_until(start + slice_ns);
    const std::int64_t used = load::cpu_ns(pid) - spent;
    std::printf("%lld %lld %lld\n", static_cast<long long>(clients.messages() - messages),
                static_cast<long long>(used), static_cast<long long>(clock_ns() - start));
  }
}
