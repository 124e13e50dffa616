// The waker where there is no eventfd: a pipe, in which one byte is as good as any number.
#include "waker.h"

#include "../../native_calls.h"

#include <coil/runtime/error.h>

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace coil::detail {

Waker::Waker() {
  std::array<int, 2> ends = {-1, -1};
  if (open_pipe(ends) != 0) throw SystemError(system_error_code(errno), "pipe");
  handle_ = NativeHandle(ends[0]);
  bell_ = NativeHandle(ends[1]);
}

Waker::~Waker() {
  ::close(descriptor());
  ::close(bell_.descriptor());
}

// A pipe that is full of wake-ups refuses one more, which nobody misses.
void Waker::wake() noexcept {
  const std::byte one = {};
  [[maybe_unused]] const ssize_t written = ::write(bell_.descriptor(), &one, sizeof one);
}

void Waker::drain() noexcept {
  std::array<std::byte, 512> wakes;
  while (::read(descriptor(), wakes.data(), wakes.size()) == static_cast<ssize_t>(wakes.size())) {
  }
}

}  // namespace coil::detail
