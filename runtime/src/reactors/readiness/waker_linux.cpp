// The waker on Linux: an eventfd, whose count absorbs any number of wake-ups.
#include "waker.h"

#include <coil/runtime/error.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace coil::detail {

Waker::Waker() : handle_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), bell_(handle_) {
  if (!handle_.valid()) throw SystemError(system_error_code(errno), "eventfd");
}

Waker::~Waker() { ::close(descriptor()); }

void Waker::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(bell_.descriptor(), &one, sizeof one);
}

void Waker::drain() noexcept {
  std::uint64_t count;
  [[maybe_unused]] const ssize_t got = ::read(descriptor(), &count, sizeof count);
}

}  // namespace coil::detail
