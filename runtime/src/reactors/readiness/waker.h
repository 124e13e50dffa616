// Waker: the descriptor that ends a wait from another thread or a signal handler.
#pragma once

namespace coil::detail {

class Waker {
 public:
  // Errors: SystemError if there is no descriptor to be had.
  Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  ~Waker();

  int descriptor() const noexcept { return descriptor_; }
  // Threads: Any thread, and signal handlers.
  void wake() noexcept;
  // Makes it quiet again.
  void drain() noexcept;

 private:
  int descriptor_;
  int bell_;  // What is written to: the other end of a pipe, or the same descriptor.
};

}  // namespace coil::detail
