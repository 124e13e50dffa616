// Waker: the descriptor that ends a wait from another thread or a signal handler.
#pragma once

#include <coil/runtime/native_handle.h>

namespace coil::detail {

class Waker {
 public:
  // Errors: SystemError if there is no descriptor to be had.
  Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  ~Waker();

  NativeHandle handle() const noexcept { return handle_; }
  int descriptor() const noexcept { return handle_.descriptor(); }
  // Threads: Any thread, and signal handlers.
  void wake() noexcept;
  // Makes it quiet again.
  void drain() noexcept;

 private:
  NativeHandle handle_;
  NativeHandle bell_;  // What is written to: the other end of a pipe, or the same descriptor.
};

}  // namespace coil::detail
