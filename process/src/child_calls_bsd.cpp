// A child on macOS and the BSDs: waited for and signaled by its number.
#include "child_calls.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coil::detail {

int wait_for_child(int pid, int, siginfo_t& info, int options) noexcept {
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, options);
}

// The number is the child's until it has been reaped, which only its watcher does.
int signal_child(int pid, int, int number) noexcept { return ::kill(pid, number); }

int make_pipe(std::array<int, 2>& ends) noexcept {
  if (::pipe(ends.data()) != 0) return -1;
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  return 0;
}

}  // namespace coil::detail
