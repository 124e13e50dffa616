// A child on macOS and the BSDs: waited for and signaled by its number.
#include "child_calls.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <crt_externs.h>  // A shared library there has no `environ`.
#else
extern char** environ;
#endif

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

#if defined(__APPLE__)
char** environment_of_process() noexcept { return *::_NSGetEnviron(); }
#else
char** environment_of_process() noexcept { return ::environ; }
#endif

// Not SOCK_SEQPACKET, which macOS lacks.
int make_message_pair(int (&ends)[2]) noexcept {
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return -1;
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  return 0;
}

#if defined(__APPLE__)
using ListedGroup = int;
#else
using ListedGroup = gid_t;
#endif

int list_groups(const char* user, unsigned group, unsigned* groups, int& count) noexcept {
  auto* const into = reinterpret_cast<ListedGroup*>(groups);
  return ::getgrouplist(user, static_cast<ListedGroup>(group), into, &count);
}

int set_groups(const unsigned* groups, std::size_t count) noexcept {
  return ::setgroups(static_cast<int>(count), groups);
}

// For root, who alone may change to anybody, these set the saved number, too.
int set_group_numbers(unsigned group) noexcept { return ::setgid(group); }
int set_user_numbers(unsigned user) noexcept { return ::setuid(user); }

// Not the saved ones, which macOS does not show.
bool all_numbers_are(unsigned user, unsigned group) noexcept {
  return ::getuid() == user && ::geteuid() == user && ::getgid() == group && ::getegid() == group;
}

}  // namespace coil::detail
