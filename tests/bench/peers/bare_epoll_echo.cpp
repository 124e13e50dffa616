// A bare epoll echo server: what readiness costs when nothing but system calls is left.
// One buffer, hot in the cache, serves every connection; what the peer does not take at once is
// kept per connection, and reading stops until it is gone.
#include <sys/epoll.h>

#include <memory>
#include <vector>

#include "peer_server.h"

namespace {

constexpr std::size_t buffer_size = 64 * 1024;
constexpr int events_per_turn = 1024;

struct Connection {
  bool open = false;
  bool writing = false;  // Waits for EPOLLOUT, with `unsent` to go first.
  std::vector<char> unsent;
};

class Server {
 public:
  Server(int listener, int stop) : poller_(::epoll_create1(EPOLL_CLOEXEC)), listener_(listener) {
    if (poller_ < 0) peer::fail("epoll_create1");
    stop_ = stop;
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    watch(EPOLL_CTL_ADD, stop, EPOLLIN);
  }

  void run() {
    std::vector<epoll_event> events(events_per_turn);
    for (;;) {
      const int count = ::epoll_wait(poller_, events.data(), events_per_turn, -1);
      if (count < 0 && errno != EINTR) peer::fail("epoll_wait");
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.fd == stop_) return;
        if (event.data.fd == listener_) {
          accept_all();
        } else if (at(event.data.fd).writing) {
          flush(event.data.fd);
        } else {
          echo(event.data.fd);
        }
      }
    }
  }

  void close_all() {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (connections_[i].open) close_connection(static_cast<int>(i));
    }
    ::close(listener_);
    ::close(poller_);
  }

 private:
  Connection& at(int descriptor) { return connections_[static_cast<std::size_t>(descriptor)]; }

  void watch(int change, int descriptor, std::uint32_t interest) {
    epoll_event event{};
    event.events = interest;
    event.data.fd = descriptor;
    if (::epoll_ctl(poller_, change, descriptor, &event) != 0) peer::fail("epoll_ctl");
  }

  void accept_all() {
    for (;;) {
      const int accepted = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted < 0) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
        peer::fail("accept4");
      }
      const auto index = static_cast<std::size_t>(accepted);
      if (connections_.size() <= index) connections_.resize(index + 1);
      connections_[index].open = true;
      watch(EPOLL_CTL_ADD, accepted, EPOLLIN);
    }
  }

  void echo(int descriptor) {
    const ssize_t received = ::recv(descriptor, buffer_.get(), buffer_size, 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (received <= 0) {
      close_connection(descriptor);
      return;
    }
    const auto size = static_cast<std::size_t>(received);
    ssize_t sent = ::send(descriptor, buffer_.get(), size, MSG_NOSIGNAL);
    if (sent == received) return;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      close_connection(descriptor);
      return;
    }
    if (sent < 0) sent = 0;
    Connection& connection = at(descriptor);
    connection.unsent.assign(buffer_.get() + sent, buffer_.get() + size);
    connection.writing = true;
    watch(EPOLL_CTL_MOD, descriptor, EPOLLOUT);
  }

  void flush(int descriptor) {
    Connection& connection = at(descriptor);
    const ssize_t sent =
        ::send(descriptor, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN && errno != EINTR) close_connection(descriptor);
      return;
    }
    connection.unsent.erase(connection.unsent.begin(), connection.unsent.begin() + sent);
    if (!connection.unsent.empty()) return;
    connection.writing = false;
    watch(EPOLL_CTL_MOD, descriptor, EPOLLIN);
  }

  void close_connection(int descriptor) {
    at(descriptor) = Connection();
    ::close(descriptor);
  }

  int poller_;
  int listener_;
  int stop_ = -1;
  std::vector<Connection> connections_;  // By descriptor.
  std::unique_ptr<char[]> buffer_ = std::make_unique<char[]>(buffer_size);
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint16_t port = peer::parse_port(argc, argv, "epoll", "of the kernel");
  const int stop = peer::open_stop_descriptor();
  Server server(peer::listen_on_loopback(port, SOCK_NONBLOCK), stop);
  server.run();
  server.close_all();
}
