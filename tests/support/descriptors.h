// Descriptors that a test opens, as a program has them: on Windows those of the C library.
#pragma once

#include <coil/runtime/native_handle.h>
#include <doctest/doctest.h>

#include <cstddef>
#include <string_view>
#include <utility>

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
  // What a reactor takes over.
  NativeHandle take() noexcept;
  void close() noexcept;
  // Gives how many bytes went.
  std::ptrdiff_t write(std::string_view text) const noexcept;

 private:
  int number_;
};

// The two ends of a pipe, which no child inherits.
class RawPipe {
 public:
  RawPipe() : RawPipe(made()) {}
  Descriptor reading;
  Descriptor writing;

 private:
  using Ends = std::pair<int, int>;
  explicit RawPipe(Ends ends) : reading(ends.first), writing(ends.second) {}
  static Ends made();
};

// A file that is gone with this: read from its beginning, and written beside that.
class RawFile {
 public:
  RawFile() : RawFile(made()) {}
  Descriptor reading;
  Descriptor writing;

 private:
  using Ends = std::pair<int, int>;
  explicit RawFile(Ends ends) : reading(ends.first), writing(ends.second) {}
  static Ends made();
};

// Its calls do not block any more, where that can be had of a descriptor.
void unblock(const Descriptor& descriptor);

}  // namespace coil::testing
