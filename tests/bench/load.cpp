// The load generator: echo clients that check every byte, and the server's CPU time per slice.
//
// usage: bench_load PORT PID CONNECTIONS SIZE IN_FLIGHT SLICES SLICE_MS
// Prints one line per slice: messages, nanoseconds of the server's CPU, nanoseconds on the clock.
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

// A prime period, so that a byte that is lost, doubled or another connection's does not fit.
constexpr std::size_t pattern_period = 4093;
constexpr std::size_t chunk_max = 64 * 1024;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

std::int64_t clock_ns() {
  timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// What all threads of a process have spent on a processor, kernel included.
std::int64_t cpu_ns(int pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  DIR* directory = ::opendir(tasks.c_str());
  if (directory == nullptr) fail("the server has ended");
  std::int64_t total = 0;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    std::FILE* file = std::fopen((tasks + "/" + entry->d_name + "/schedstat").c_str(), "r");
    if (file == nullptr) continue;
    long long spent = 0;
    if (std::fscanf(file, "%lld", &spent) == 1) total += spent;
    std::fclose(file);
  }
  ::closedir(directory);
  return total;
}

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
      : size_(size), in_flight_(in_flight), epoll_(::epoll_create1(0)), incoming_(chunk_max) {
    pattern_.resize(pattern_period + chunk_max);
    for (std::size_t index = 0; index < pattern_.size(); ++index) {
      pattern_[index] = static_cast<char>(index % pattern_period * 31 + index % pattern_period / 7);
    }
  }

  void connect(std::uint16_t port, std::size_t count) {
    connections_.resize(count);
    for (std::size_t index = 0; index < count; ++index) {
      Connection& connection = connections_[index];
      connection.descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (connection.descriptor < 0) fail("socket");
      sockaddr_in address = {};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      if (::connect(connection.descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) !=
          0) {
        fail("connect");
      }
      const int on = 1;
      ::setsockopt(connection.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connection.start = index * 577 % pattern_period;
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
    return pattern_.data() + (connection.start + position) % pattern_period;
  }

  void send(Connection& connection) {
    while (connection.may_send > 0) {
      const std::size_t size = std::min(connection.may_send, chunk_max);
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
    if (std::memcmp(incoming_.data(), expected(connection, connection.received), size) != 0) {
      std::fprintf(stderr, "load: the server sent wrong bytes\n");
      std::exit(1);
    }
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
  std::vector<char> pattern_;
  std::vector<char> incoming_;
  std::vector<Connection> connections_;
  std::int64_t messages_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    std::fprintf(stderr, "usage: %s PORT PID CONNECTIONS SIZE IN_FLIGHT SLICES SLICE_MS\n",
                 argv[0]);
    return 2;
  }
  long long number[8] = {};
  for (int index = 1; index < argc; ++index) number[index] = std::atoll(argv[index]);
  const int pid = static_cast<int>(number[2]);
  const std::int64_t slice_ns = number[7] * 1'000'000;

  Load load(static_cast<std::size_t>(number[4]), static_cast<std::size_t>(number[5]));
  load.connect(static_cast<std::uint16_t>(number[1]), static_cast<std::size_t>(number[3]));
  load.run_until(clock_ns() + 2 * slice_ns);  // Caches, pools and windows warm up.
  for (long long slice = 0; slice < number[6]; ++slice) {
    const std::int64_t messages = load.messages();
    const std::int64_t start = clock_ns();
    const std::int64_t spent = cpu_ns(pid);
    load.run_until(start + slice_ns);
    const std::int64_t used = cpu_ns(pid) - spent;
    std::printf("%lld %lld %lld\n", static_cast<long long>(load.messages() - messages),
                static_cast<long long>(used), static_cast<long long>(clock_ns() - start));
  }
}
