// What must be put back when the program ends, however it does. Included by stdio_posix.cpp.
#pragma once

#include <termios.h>

namespace coil::detail {

// Remembers the modes of a few descriptors. They are put back by forget(), at exit, and by the
// signals of a crash, whose default action follows.
class ModeKeeper {
 public:
  // Keeps the file status flags, before somebody changes them.
  static void keep_flags(int descriptor, int flags);
  // Keeps the modes of a terminal, unless some are kept of it: those were there first.
  static void keep_modes(int descriptor, const termios& modes);
  // Puts back what is kept of the descriptor.
  static void put_back(int descriptor) noexcept;
};

}  // namespace coil::detail
