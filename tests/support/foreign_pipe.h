// Pipes of a test's own.
#pragma once

#include <coil/runtime/native_handle.h>

#include <array>
#include <cstddef>

namespace coil::testing {

// The two ends of a pipe that no reactor knows, ready for one. Whoever takes an end closes it.
class ForeignPipe {
 public:
  ForeignPipe();
  NativeHandle reading;
  NativeHandle writing;
};

// A pipe that the test reads and writes itself, and a reactor only watches. Where a reactor cannot
// watch pipes, it is a connection.
class WatchedPipe {
 public:
  WatchedPipe();
  WatchedPipe(const WatchedPipe&) = delete;
  WatchedPipe& operator=(const WatchedPipe&) = delete;
  ~WatchedPipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(std::size_t end) noexcept;
  NativeHandle reading() const noexcept { return ends_[0]; }
  NativeHandle writing() const noexcept { return ends_[1]; }
  void put(char byte);
  // How many bytes there were: 0 at the end, -1 if none came yet.
  std::ptrdiff_t get(char& byte) noexcept;

 private:
  std::array<NativeHandle, 2> ends_;
};

}  // namespace coil::testing
