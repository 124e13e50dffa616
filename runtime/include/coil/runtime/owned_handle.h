// OwnedHandle: a native handle on its way from one owner to another, closed if it never arrives.
#pragma once

#include <coil/runtime/native_handle.h>

#include <utility>

namespace coil {

// OwnedHandle: owns a descriptor of the operating system that no reactor serves at the moment.
//
// Example (tests/examples/handle_example.cpp, "owned handle"):
//
//   std::vector<std::byte> unread;
//   OwnedHandle travelling(stream.release(unread));
//   TcpStream arrived(other, travelling.release());
//
// Requires: The handle is the system's, not one of a simulated network.
// Threads:  Any thread.
class OwnedHandle {
 public:
  OwnedHandle() noexcept {}
  explicit OwnedHandle(NativeHandle handle) noexcept : handle_(handle) {}
  OwnedHandle(OwnedHandle&& other) noexcept : handle_(other.release()) {}
  OwnedHandle& operator=(OwnedHandle&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~OwnedHandle() {
    if (handle_.valid()) close();
  }

  NativeHandle get() const noexcept { return handle_; }
  bool valid() const noexcept { return handle_.valid(); }
  // Gives it to the caller, who closes it.
  NativeHandle release() noexcept { return std::exchange(handle_, NativeHandle()); }

 private:
  void close() noexcept;

  NativeHandle handle_;
};

}  // namespace coil
