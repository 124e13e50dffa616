// The same calls for macOS, from what older POSIX has: flags are set after a descriptor is made.
//
// A program that another thread forks and executes in between inherits the descriptor; macOS has no
// call that would close this gap.
#include "native_calls.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace coil::detail {

namespace {

// False, with the descriptor closed and errno as it was, if the flags cannot be set.
bool prepare(int descriptor, bool nonblocking) noexcept {
  const int flags = ::fcntl(descriptor, F_GETFL);
  const int wanted = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (flags >= 0 && ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 &&
      ::fcntl(descriptor, F_SETFL, wanted) == 0) {
    return true;
  }
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return false;
}

int prepare_socket(int descriptor, bool nonblocking) noexcept {
  if (descriptor < 0 || !prepare(descriptor, nonblocking)) return -1;
#if defined(SO_NOSIGPIPE)
  const int on = 1;
  // Refused only for a connection that has gone already: its sends fail with an error of their own.
  ::setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  return descriptor;
}

}  // namespace

int open_socket(int domain, int type, bool nonblocking) noexcept {
  return prepare_socket(::socket(domain, type, 0), nonblocking);
}

int accept_socket(int listener) noexcept {
  return prepare_socket(::accept(listener, nullptr, nullptr), true);
}

int open_pipe(std::array<int, 2>& ends) noexcept {
  if (::pipe(ends.data()) != 0) return -1;
  if (!prepare(ends[0], true)) {
    const int error = errno;
    ::close(ends[1]);
    errno = error;
    return -1;
  }
  if (prepare(ends[1], true)) return 0;
  const int error = errno;
  ::close(ends[0]);
  errno = error;
  return -1;
}

// Rounded up: waking before the time would only make the loop turn in vain until it comes.
int poll_for(pollfd* entries, std::size_t count, std::optional<Duration> at_most) noexcept {
  int limit = -1;
  if (at_most) {
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(*at_most).count();
    limit = static_cast<int>(std::min<std::int64_t>(whole, INT_MAX));
  }
  return ::poll(entries, static_cast<nfds_t>(count), limit);
}

}  // namespace coil::detail
