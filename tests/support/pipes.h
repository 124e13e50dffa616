// Terminals as a test's other side holds them, on POSIX systems.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>

#include "support/descriptors.h"

namespace coil::testing {

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
