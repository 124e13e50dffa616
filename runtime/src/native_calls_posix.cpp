// The calls of POSIX.1-2024, which Linux and the BSDs have: flags are set as descriptors are made.
#include "native_calls.h"

#include <fcntl.h>
#include <unistd.h>

namespace coil::detail {

int open_socket(int domain, int type, bool nonblocking) noexcept {
  return ::socket(domain, type | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), 0);
}

int accept_socket(int listener) noexcept {
  return ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int open_pipe(std::array<int, 2>& ends) noexcept {
  return ::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK);
}

int poll_for(pollfd* entries, std::size_t count, std::optional<Duration> at_most) noexcept {
  timespec limit = {};
  if (at_most) limit = to_timespec(*at_most);
  return ::ppoll(entries, static_cast<nfds_t>(count), at_most ? &limit : nullptr, nullptr);
}

}  // namespace coil::detail
