// Pipes of a test's own on POSIX systems.
#include "support/foreign_pipe.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace coil::testing {

ForeignPipe::ForeignPipe() {
  int ends[2] = {-1, -1};
  REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  reading = NativeHandle(ends[0]);
  writing = NativeHandle(ends[1]);
}

WatchedPipe::WatchedPipe() {
  const ForeignPipe made;
  ends_ = {made.reading, made.writing};
}

void WatchedPipe::close_end(std::size_t end) noexcept {
  if (ends_[end].valid()) ::close(std::exchange(ends_[end], NativeHandle()).descriptor());
}

void WatchedPipe::put(char byte) { REQUIRE(::write(writing().descriptor(), &byte, 1) == 1); }

std::ptrdiff_t WatchedPipe::get(char& byte) noexcept {
  return ::read(reading().descriptor(), &byte, 1);
}

}  // namespace coil::testing
