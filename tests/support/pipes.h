// Pipes and terminals as a test's other side holds them.
#pragma once

#include <coil/net/pipe.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "support/everything.h"

namespace coil::testing {

// A descriptor that a test opened: closed at its end, unless somebody took it.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) { REQUIRE(number >= 0); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  int number() const noexcept { return number_; }
  NativeHandle handle() const noexcept { return NativeHandle(number_); }
  NativeHandle take() noexcept { return NativeHandle(std::exchange(number_, -1)); }
  void close() noexcept {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

// The two ends of a pipe; `flags` as for pipe2.
class RawPipe {
 public:
  explicit RawPipe(int flags = O_CLOEXEC) : RawPipe(made(flags)) {}
  Descriptor reading;
  Descriptor writing;

 private:
  explicit RawPipe(std::array<int, 2> ends) : reading(ends[0]), writing(ends[1]) {}
  static std::array<int, 2> made(int flags) {
    std::array<int, 2> ends = {-1, -1};
    REQUIRE(::pipe2(ends.data(), flags) == 0);
    return ends;
  }
};

// Both ends of a terminal, with no echo and no translation of what is written to it.
class RawTerminal {
 public:
  explicit RawTerminal(int flags = O_CLOEXEC)
      : person(::posix_openpt(O_RDWR | O_NOCTTY | flags)), program(opened(person.number(), flags)) {
    termios modes = {};
    REQUIRE(::tcgetattr(program.number(), &modes) == 0);
    modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    modes.c_oflag &= ~static_cast<tcflag_t>(OPOST);
    REQUIRE(::tcsetattr(program.number(), TCSANOW, &modes) == 0);
  }
  Descriptor person;
  Descriptor program;

 private:
  static int opened(int master, int flags) {
    REQUIRE(::grantpt(master) == 0);
    REQUIRE(::unlockpt(master) == 0);
    return ::open(::ptsname(master), O_RDWR | O_NOCTTY | flags);
  }
};

}  // namespace coil::testing
