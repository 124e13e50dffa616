// Round trips of active connections, each with one message in flight, beside silent ones.
//
// usage: bench_latency PORT IDLE ACTIVE SLICE_MS SLICES
// Prints one line per slice in which something came back: round trips, nanoseconds
// of the median and of the 99th percentile.
#include <sys/epoll.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "clients.h"

namespace {

constexpr std::size_t size = 64;

struct Connection {
  int descriptor = -1;
  std::size_t start = 0;
  std::size_t messages = 0;  // That have come back.
  std::int64_t sent_at = 0;
};

class Trips {
 public:
  Trips(std::uint16_t port, const load::Pattern& pattern, std::size_t count)
      : pattern_(pattern), epoll_(::epoll_create1(0)), connections_(count) {
    for (std::size_t index = 0; index < count; ++index) {
      Connection& connection = connections_[index];
      connection.descriptor = load::connect_to(port);
      connection.start = load::Pattern::start_of(index);
      epoll_event event = {};
      event.events = EPOLLIN;
      event.data.u64 = index;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.descriptor, &event);
    }
    for (Connection& connection : connections_) send(connection);
  }

  // Gives the round trips that ended until `end`.
  std::vector<std::int64_t> run_until(std::int64_t end) {
    std::vector<std::int64_t> trips;
    std::vector<epoll_event> events(connections_.size());
    while (load::clock_ns() < end) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 10);
      for (int index = 0; index < count; ++index) {
        Connection& connection = connections_[events[static_cast<std::size_t>(index)].data.u64];
        receive(connection);
        trips.push_back(load::clock_ns() - connection.sent_at);
        send(connection);
      }
    }
    return trips;
  }

 private:
  std::size_t position(const Connection& connection) const {
    return connection.start + connection.messages * size;
  }
  void send(Connection& connection) {
    connection.sent_at = load::clock_ns();
    const char* bytes = pattern_.at(position(connection));
    if (::send(connection.descriptor, bytes, size, MSG_NOSIGNAL) != size) load::fail("send");
  }
  void receive(Connection& connection) {
    char incoming[size];
    if (::recv(connection.descriptor, incoming, size, MSG_WAITALL) != size) load::fail("recv");
    pattern_.check(incoming, size, position(connection));
    ++connection.messages;
  }

  const load::Pattern& pattern_;
  int epoll_;
  std::vector<Connection> connections_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto number = load::numbers(argc, argv, 5, "PORT IDLE ACTIVE SLICE_MS SLICES");
  const auto port = static_cast<std::uint16_t>(number[0]);
  const std::int64_t slice_ns = number[3] * 1'000'000;
  const load::Pattern pattern;
  const std::vector<int> idle = load::open_idle(port, pattern, static_cast<std::size_t>(number[1]));
  Trips active(port, pattern, static_cast<std::size_t>(number[2]));
  active.run_until(load::clock_ns() + slice_ns);  // Caches, pools and windows warm up.
  for (long long slice = 0; slice < number[4]; ++slice) {
    std::vector<std::int64_t> trips = active.run_until(load::clock_ns() + slice_ns);
    std::sort(trips.begin(), trips.end());
    if (trips.empty()) continue;  // The machine did something else all along.
    std::printf("%zu %lld %lld\n", trips.size(), static_cast<long long>(trips[trips.size() / 2]),
                static_cast<long long>(trips[trips.size() * 99 / 100]));
  }
}
