// The child between its birth and its program, on macOS and the BSDs: a plain fork, whose child
// calls only what POSIX allows in a copy of a program with threads.
#include "child_script.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>

namespace coil::detail {

namespace {

constexpr int failed_status = 127;    // Where the parent is told by the report …
constexpr int complained_status = 1;  // … and where a sentence is all that it gets.

struct Failed {
  SpawnStep step;
  int error;
};

bool move_descriptors(ChildScript& script) noexcept {
  int limit = 3;
  if (script.move_count != 0) limit = script.moves[script.move_count - 1].target + 1;
  if (limit < 3) limit = 3;
  // What lies where something is going to be put gets out of the way first: so swaps work.
  if (script.report >= 0 && script.report < limit) {
    script.report = ::fcntl(script.report, F_DUPFD_CLOEXEC, limit);
    if (script.report < 0) return false;
  }
  for (std::size_t index = 0; index < script.move_count; ++index) {
    DescriptorMove& move = script.moves[index];
    if (move.source == move.target || move.source >= limit) continue;
    const int moved = ::fcntl(move.source, F_DUPFD_CLOEXEC, limit);
    if (moved < 0) return false;
    move.source = moved;
  }
  for (std::size_t index = 0; index < script.move_count; ++index) {
    const DescriptorMove& move = script.moves[index];
    const int done = move.source == move.target ? ::fcntl(move.target, F_SETFD, 0)
                                                : ::dup2(move.source, move.target);
    if (done < 0) return false;
  }
  return true;
}

// Everything else is closed when the program begins: until then the report is needed. Targets are
// in their order, each once.
void close_others(const ChildScript& script) noexcept {
  const long limit = ::sysconf(_SC_OPEN_MAX);
  const int end = limit < 0 || limit > INT_MAX ? INT_MAX : static_cast<int>(limit);
  std::size_t next = 0;
  for (int number = 0; number < end; ++number) {
    if (next < script.move_count && script.moves[next].target == number) {
      ++next;
    } else {
      ::fcntl(number, F_SETFD, FD_CLOEXEC);
    }
  }
}

// What the parent ignores its child would ignore for ever. The defaults come first, then the
// signals that were held back.
void reset_signals() noexcept {
  struct sigaction by_default = {};
  by_default.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &by_default, nullptr);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// The group first: who is no longer root cannot change it.
bool switch_user(const ChildScript& script) noexcept {
  static_assert(sizeof(gid_t) == sizeof *script.groups);
  const auto* groups = reinterpret_cast<const gid_t*>(script.groups);
  using Count = decltype(NGROUPS_MAX);
  return ::setgroups(static_cast<Count>(script.group_count), groups) == 0 &&
         ::setgid(script.group) == 0 && ::setuid(script.user) == 0;
}

// A program that was written a moment ago may still be open for writing in a child of another
// thread that has not executed its own yet: that ends by itself.
void execute(const ChildScript& script, const char* path) noexcept {
  long pause_ns = 1'000'000;
  for (int tries = 0; tries < 5; ++tries) {
    ::execve(path, script.arguments, script.variables);
    if (errno != ETXTBSY) return;
    const timespec pause = {0, pause_ns};
    ::nanosleep(&pause, nullptr);
    pause_ns *= 4;
    errno = ETXTBSY;
  }
}

// Tries every candidate; that one was there and could not be executed says more than that the
// others were not there.
int execute_first(const ChildScript& script) noexcept {
  int error = ENOENT;
  for (const char* const* path = script.candidates; *path != nullptr; ++path) {
    execute(script, *path);
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    if (!absent && errno != EACCES) return errno;
    if (!absent) error = errno;
  }
  return error;
}

Failed follow(ChildScript& script) noexcept {
  if (script.new_session && ::setsid() < 0) return {SpawnStep::session, errno};
  if (script.new_group && !script.new_session && ::setpgid(0, 0) < 0) {
    return {SpawnStep::session, errno};
  }
  // First of all that can fail: a sentence for descriptor 2 needs it to be there.
  if (!move_descriptors(script)) return {SpawnStep::descriptors, errno};
  close_others(script);
  if (script.takes_terminal && ::ioctl(0, TIOCSCTTY, 0) < 0) return {SpawnStep::terminal, errno};
  reset_signals();
  if (script.directory != nullptr && ::chdir(script.directory) < 0) {
    return {SpawnStep::directory, errno};
  }
  if (script.switches_user && !switch_user(script)) return {SpawnStep::user, errno};
  const int error = execute_first(script);
  return {SpawnStep::execute, error};
}

iovec piece(const char* text) noexcept {
  iovec part = {};
  part.iov_base = const_cast<char*>(text);
  while (text[part.iov_len] != 0) ++part.iov_len;
  return part;
}

// With the number of the error: the text of one is not to be had in a copy of a threaded program.
void complain(const ChildScript& script, const Failed& failed) noexcept {
  char digits[12] = {};
  char* first = digits + sizeof digits - 1;
  for (int left = failed.error; left > 0; left /= 10) *--first = static_cast<char>('0' + left % 10);
  const iovec parts[] = {piece(script.complaint), piece(spawn_step_text(failed.step)),
                         piece(": error "), piece(first), piece("\n")};
  [[maybe_unused]] const ssize_t written = ::writev(2, parts, sizeof parts / sizeof parts[0]);
}

[[noreturn]] void run_child(ChildScript& script) noexcept {
  const Failed failed = follow(script);
  if (script.complaint != nullptr) complain(script, failed);
  if (script.report >= 0) {
    [[maybe_unused]] const ssize_t told = ::write(script.report, &failed, sizeof failed);
  }
  ::_exit(script.complaint != nullptr ? complained_status : failed_status);
}

}  // namespace

// The child holds one end of a pipe until it is another program or has failed.
Started start_child(ChildScript& script, bool) noexcept {
  Started started;
  int ends[2];
  if (::pipe(ends) != 0) {
    started.error = errno;
    return started;
  }
  ::fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  ::fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  // No handler of the parent may run in the child.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  started.pid = ::fork();
  if (started.pid == 0) run_child(script);
  if (started.pid < 0) started.error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::close(ends[1]);
  char nothing;
  while (started.pid > 0 && ::read(ends[0], &nothing, 1) < 0 && errno == EINTR) {
  }
  ::close(ends[0]);
  return started;
}

}  // namespace coil::detail
