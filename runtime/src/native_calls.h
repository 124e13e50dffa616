// What differs among POSIX systems, under one name each. Included by the POSIX files of runtime/.
#pragma once

#include <coil/runtime/time_point.h>

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace coil::detail {

// What poll reports when the peer has finished sending, where it says so before the read does.
#if defined(POLLRDHUP)
inline constexpr short poll_peer_ended = POLLRDHUP;
#else
inline constexpr short poll_peer_ended = 0;
#endif

// For sends: no SIGPIPE. Elsewhere it is an option of the socket, set when that is made.
#if defined(MSG_NOSIGNAL)
inline constexpr int send_without_signal = MSG_NOSIGNAL;
#else
inline constexpr int send_without_signal = 0;
#endif

// The monotonic time as of the last tick: cheaper to read where the system has such a clock.
#if defined(CLOCK_MONOTONIC_COARSE)
inline constexpr clockid_t coarse_clock = CLOCK_MONOTONIC_COARSE;
#elif defined(CLOCK_MONOTONIC_FAST)
inline constexpr clockid_t coarse_clock = CLOCK_MONOTONIC_FAST;
#else
inline constexpr clockid_t coarse_clock = CLOCK_MONOTONIC;
#endif

// The form in which the kernel takes the limit of a wait.
inline timespec to_timespec(Duration duration) noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  timespec result = {};
  result.tv_sec = seconds.count();
  result.tv_nsec = (duration - seconds).count();
  return result;
}

// Each gives -1 and leaves the reason in errno if it fails. No child inherits what they make.
int open_socket(int domain, int type, bool nonblocking) noexcept;
// A connection that does not block.
int accept_socket(int listener) noexcept;
// Two ends that do not block: for reading, for writing.
int open_pipe(std::array<int, 2>& ends) noexcept;

// poll(2) with a limit that is not cut to milliseconds, nothing for no limit.
int poll_for(pollfd* entries, std::size_t count, std::optional<Duration> at_most) noexcept;

}  // namespace coil::detail
