// A child on Linux: waited for and signaled through its descriptor.
#include "child_calls.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace coil::detail {

namespace {

#ifdef P_PIDFD
constexpr auto by_descriptor = P_PIDFD;
#else
constexpr auto by_descriptor = static_cast<idtype_t>(3);
#endif

}  // namespace

int wait_for_child(int pid, int pidfd, siginfo_t& info, int options) noexcept {
  const bool has_descriptor = pidfd >= 0;
  return ::waitid(has_descriptor ? by_descriptor : P_PID,
                  static_cast<id_t>(has_descriptor ? pidfd : pid), &info, options);
}

int signal_child(int pid, int pidfd, int number) noexcept {
  if (pidfd < 0) return ::kill(pid, number);
  const long sent = ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0);
  return sent != 0 && errno == ENOSYS ? ::kill(pid, number) : static_cast<int>(sent);
}

int make_pipe(std::array<int, 2>& ends) noexcept { return ::pipe2(ends.data(), O_CLOEXEC); }

char** environment_of_process() noexcept { return ::environ; }

int make_message_pair(int (&ends)[2]) noexcept {
  return ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

int list_groups(const char* user, unsigned group, unsigned* groups, int& count) noexcept {
  return ::getgrouplist(user, group, groups, &count);
}

int set_groups(const unsigned* groups, std::size_t count) noexcept {
  return ::setgroups(count, groups);
}

int set_group_numbers(unsigned group) noexcept { return ::setresgid(group, group, group); }
int set_user_numbers(unsigned user) noexcept { return ::setresuid(user, user, user); }

bool all_numbers_are(unsigned user, unsigned group) noexcept {
  std::array<uid_t, 3> users{};
  std::array<gid_t, 3> groups{};
  return ::getresuid(&users[0], &users[1], &users[2]) == 0 &&
         ::getresgid(&groups[0], &groups[1], &groups[2]) == 0 &&
         std::ranges::count(users, user) == 3 && std::ranges::count(groups, group) == 3;
}

}  // namespace coil::detail
