// Descriptors of the test's own and the objects that watch them. Included by the reactor tests.
#pragma once

#include <coil/net.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/contract.h"

namespace coil::testing {

// A descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() noexcept {}
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  void close() noexcept {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  int number() const noexcept { return number_; }
  NativeHandle native() const noexcept { return NativeHandle(number_); }
  NativeHandle release() noexcept { return NativeHandle(std::exchange(number_, -1)); }
  // Moves it to `number` or above.
  void move_above(int number) {
    const int moved = ::fcntl(number_, F_DUPFD_CLOEXEC, number);
    REQUIRE(moved >= number);
    close();
    number_ = moved;
  }
  void put(char byte) const { REQUIRE(::write(number_, &byte, 1) == 1); }

 private:
  int number_ = -1;
};

// Two connected local stream sockets, non-blocking.
class SocketPair {
 public:
  SocketPair() {
    std::array<int, 2> ends{-1, -1};
    constexpr int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    REQUIRE(::socketpair(AF_UNIX, type, 0, ends.data()) == 0);
    here = Descriptor(ends[0]);
    there = Descriptor(ends[1]);
  }
  Descriptor here;
  Descriptor there;
};

// Calls a function for each readiness, and keeps what the reactor told it.
class Watched final : public ReadDescriptor, public WriteDescriptor {
 public:
  Watched(NativeHandle native, std::function<void()> on_ready)
      : native_(native), on_ready_(std::move(on_ready)) {}

  NativeHandle fileno() const override { return native_; }
  std::optional<Failure> doRead() override { return serve(); }
  std::optional<Failure> doWrite() override { return serve(); }
  void connectionLost(const Failure& failure) override {
    ++losses;
    reason = failure;
  }

  std::uint64_t calls = 0;
  int losses = 0;
  Failure reason;

 private:
  std::optional<Failure> serve() {
    ++calls;
    on_ready_();
    return std::nullopt;
  }

  NativeHandle native_;
  std::function<void()> on_ready_;
};

// Turns the loop until `done()`; a test that hangs is ended by its deadline.
template <class Done>
void turn_until(Reactor& reactor, Done done) {
  while (!done()) reactor.iterate(std::chrono::milliseconds(10));
}

// Turns that the loop makes until a timer of that length has fired: few, if nothing spins.
inline std::uint64_t turns_in(Reactor& reactor, Duration length) {
  const std::uint64_t before = reactor.counters().turns;
  bool fired = false;
  reactor.callLater(length, [&] { fired = true; });
  while (!fired) reactor.iterate(std::chrono::hours(1));
  return reactor.counters().turns - before;
}

// Leaves the process without a free descriptor, until it ends.
class NoDescriptors {
 public:
  NoDescriptors() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit few = before_;
    few.rlim_cur = 256;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    for (int filler = ::dup(0); filler >= 0; filler = ::dup(0)) fillers_.emplace_back(filler);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  // Gives one back.
  void free_one() { fillers_.pop_back(); }

 private:
  rlimit before_ = {};
  std::vector<Descriptor> fillers_;
};

}  // namespace coil::testing
