// OwnedDescriptor: a descriptor of the C library, closed when its owner goes. Included by the files
// that make pipes between children.
#pragma once

#include <coil/runtime/native_handle.h>

#include <utility>

namespace coil::detail {

class OwnedDescriptor {
 public:
  OwnedDescriptor() noexcept {}
  explicit OwnedDescriptor(int number) noexcept : number_(number) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : number_(other.release()) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = other.release();
    }
    return *this;
  }
  ~OwnedDescriptor() { close(); }

  bool valid() const noexcept { return number_ >= 0; }
  int get() const noexcept { return number_; }
  NativeHandle native() const noexcept { return NativeHandle(number_); }
  int release() noexcept { return std::exchange(number_, -1); }
  void close() noexcept;

 private:
  int number_ = -1;
};

// Both ends of a pipe, closed in children, with numbers above 2.
struct PipeEnds {
  OwnedDescriptor reading;
  OwnedDescriptor writing;
};
PipeEnds open_pipe();
// Both ends of a new terminal, the same way.
struct TerminalEnds {
  OwnedDescriptor master;
  OwnedDescriptor slave;
};
TerminalEnds open_terminal();
// A copy of it, closed in children; throws the system's error.
OwnedDescriptor duplicate(int descriptor);
// Throws SystemError if the descriptor is bad.
void set_non_blocking(int descriptor);

}  // namespace coil::detail
