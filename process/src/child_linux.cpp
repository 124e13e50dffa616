// The child between its birth and its program, on Linux.
//
// It is made like vfork does it: it borrows this process's memory, and this thread stands still
// until it has executed its program or exited. A plain fork would copy the page tables of a large
// server, and hold locks that threads of the parent had. What runs in the child therefore goes to
// the kernel directly: a library's wrapper may take a lock, change what belongs to the parent (as
// sanitizers do that keep books of signals and descriptors), or run on all threads at once, as
// setresuid does.
#include "child_script.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>

#define COIL_IN_CHILD __attribute__((no_sanitize("address", "thread", "undefined")))

namespace coil::detail {

namespace {

constexpr std::size_t stack_bytes = 256 * 1024;
constexpr int signal_count = 64;
constexpr unsigned close_range_cloexec = 1U << 2;
constexpr int failed_status = 127;    // Where the parent is told by the report …
constexpr int complained_status = 1;  // … and where a sentence is all that it gets.

struct Failed {
  SpawnStep step;
  int error;
};

// As the kernel sees it: all of a signal's action, and the set of all signals.
struct KernelAction {
  std::uint64_t words[8];
};
using KernelSignals = std::uint64_t;

COIL_IN_CHILD bool move_descriptors(ChildScript& script) noexcept {
  int limit = 3;
  if (script.move_count != 0) limit = script.moves[script.move_count - 1].target + 1;
  if (limit < 3) limit = 3;
  // What lies where something is going to be put gets out of the way first: so swaps work.
  if (script.report >= 0 && script.report < limit) {
    const long moved = ::syscall(SYS_fcntl, script.report, F_DUPFD_CLOEXEC, limit);
    if (moved < 0) return false;
    script.report = static_cast<int>(moved);
  }
  for (std::size_t index = 0; index < script.move_count; ++index) {
    DescriptorMove& move = script.moves[index];
    if (move.source == move.target || move.source >= limit) continue;
    const long moved = ::syscall(SYS_fcntl, move.source, F_DUPFD_CLOEXEC, limit);
    if (moved < 0) return false;
    move.source = static_cast<int>(moved);
  }
  for (std::size_t index = 0; index < script.move_count; ++index) {
    const DescriptorMove& move = script.moves[index];
    const long done = move.source == move.target ? ::syscall(SYS_fcntl, move.target, F_SETFD, 0)
                                                 : ::syscall(SYS_dup3, move.source, move.target, 0);
    if (done < 0) return false;
  }
  return true;
}

COIL_IN_CHILD bool is_target(const ChildScript& script, int number) noexcept {
  for (std::size_t index = 0; index < script.move_count; ++index) {
    if (script.moves[index].target == number) return true;
  }
  return false;
}

COIL_IN_CHILD void close_on_execute(int number) noexcept {
  ::syscall(SYS_fcntl, number, F_SETFD, FD_CLOEXEC);
}

struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t size;
  std::uint8_t type;
  char name[1];
};

// For kernels and sandboxes without close_range.
COIL_IN_CHILD void close_listed(const ChildScript& script) noexcept {
  const long listing =
      ::syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listing < 0) {
    rlimit limit{};
    if (::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit) != 0) return;
    for (int number = 0; number < INT_MAX && static_cast<rlim_t>(number) < limit.rlim_max;
         ++number) {
      if (!is_target(script, number)) close_on_execute(number);
    }
    return;
  }
  alignas(8) char buffer[2048];
  for (;;) {
    const long size = ::syscall(SYS_getdents64, listing, buffer, sizeof buffer);
    if (size <= 0) return;
    for (long at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const DirectoryEntry*>(buffer + at);
      int number = 0;
      const char* digit = entry->name;
      for (; *digit >= '0' && *digit <= '9'; ++digit) number = number * 10 + (*digit - '0');
      if (digit != entry->name && !is_target(script, number)) close_on_execute(number);
      at += entry->size;
    }
  }
}

// Everything else is closed when the program begins: until then the report is needed.
COIL_IN_CHILD void close_others(const ChildScript& script) noexcept {
  unsigned first = 0;
  for (std::size_t index = 0; index <= script.move_count; ++index) {
    const bool last = index == script.move_count;
    const unsigned target = last ? 0 : static_cast<unsigned>(script.moves[index].target);
    const unsigned end = last ? ~0U : target - 1;
    if (last || target > first) {
      if (::syscall(SYS_close_range, first, end, close_range_cloexec) != 0) {
        close_listed(script);
        return;
      }
    }
    first = target + 1;
  }
}

// Handlers would run in the parent's memory, and what the parent ignores its child would ignore
// for ever. The defaults come first, then the signals that were held back.
COIL_IN_CHILD void reset_signals() noexcept {
  const KernelAction by_default{};
  for (int number = 1; number <= signal_count; ++number) {
    ::syscall(SYS_rt_sigaction, number, &by_default, nullptr, sizeof(KernelSignals));
  }
  const KernelSignals none = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, sizeof none);
}

COIL_IN_CHILD bool switch_user(const ChildScript& script) noexcept {
  const unsigned user = script.user;
  const unsigned group = script.group;
  return ::syscall(SYS_setgroups, script.group_count, script.groups) == 0 &&
         ::syscall(SYS_setresgid, group, group, group) == 0 &&
         ::syscall(SYS_setresuid, user, user, user) == 0;
}

// A program that was written a moment ago may still be open for writing in a child of another
// thread that has not executed its own yet: that ends by itself.
COIL_IN_CHILD void execute(const ChildScript& script, const char* path) noexcept {
  long pause_ns = 1'000'000;
  for (int tries = 0; tries < 5; ++tries) {
    ::syscall(SYS_execve, path, script.arguments, script.variables);
    if (errno != ETXTBSY) return;
    const timespec pause = {0, pause_ns};
    ::syscall(SYS_nanosleep, &pause, nullptr);
    pause_ns *= 4;
    errno = ETXTBSY;
  }
}

// Tries every candidate; that one was there and could not be executed says more than that the
// others were not there.
COIL_IN_CHILD int execute_first(const ChildScript& script) noexcept {
  int error = ENOENT;
  for (const char* const* path = script.candidates; *path != nullptr; ++path) {
    execute(script, *path);
    const bool absent = errno == ENOENT || errno == ENOTDIR;
    if (!absent && errno != EACCES) return errno;
    if (!absent) error = errno;
  }
  return error;
}

COIL_IN_CHILD Failed follow(ChildScript& script) noexcept {
  if (script.new_session && ::syscall(SYS_setsid) < 0) return {SpawnStep::session, errno};
  if (script.new_group && !script.new_session && ::syscall(SYS_setpgid, 0, 0) < 0) {
    return {SpawnStep::session, errno};
  }
  // First of all that can fail: a sentence for descriptor 2 needs it to be there.
  if (!move_descriptors(script)) return {SpawnStep::descriptors, errno};
  close_others(script);
  if (script.takes_terminal && ::syscall(SYS_ioctl, 0, TIOCSCTTY, 0) < 0) {
    return {SpawnStep::terminal, errno};
  }
  reset_signals();
  if (script.directory != nullptr && ::syscall(SYS_chdir, script.directory) < 0) {
    return {SpawnStep::directory, errno};
  }
  if (script.switches_user && !switch_user(script)) return {SpawnStep::user, errno};
  const int error = execute_first(script);
  return {SpawnStep::execute, error};
}

COIL_IN_CHILD iovec piece(const char* text) noexcept {
  iovec part;
  part.iov_base = const_cast<char*>(text);
  part.iov_len = 0;
  while (text[part.iov_len] != 0) ++part.iov_len;
  return part;
}

COIL_IN_CHILD void complain(const ChildScript& script, const Failed& failed) noexcept {
#ifdef __GLIBC__
  const char* reason = ::strerrordesc_np(failed.error);
#else
  const char* reason = nullptr;
#endif
  const iovec parts[] = {piece(script.complaint), piece(spawn_step_text(failed.step)), piece(": "),
                         piece(reason == nullptr ? "unknown error" : reason), piece("\n")};
  ::syscall(SYS_writev, 2, parts, sizeof parts / sizeof parts[0]);
}

COIL_IN_CHILD int run_child(void* argument) noexcept {
  ChildScript& script = *static_cast<ChildScript*>(argument);
  const Failed failed = follow(script);
  if (script.complaint != nullptr) complain(script, failed);
  if (script.report >= 0) ::syscall(SYS_write, script.report, &failed, sizeof failed);
  ::syscall(SYS_exit_group, script.complaint != nullptr ? complained_status : failed_status);
  __builtin_unreachable();
}

// The thread sanitizer takes each call of clone() for a fork, and changes its records for the child
// in memory that is still the parent's; under this name it lets the call pass.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
extern "C" int __clone(int (*)(void*), void*, int, void*, ...) noexcept;
#define COIL_CLONE __clone
#endif
#endif
#if !defined(COIL_CLONE)
#define COIL_CLONE ::clone
#endif

}  // namespace

Started start_child(ChildScript& script, bool wants_pidfd) noexcept {
  void* stack = ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  Started started;
  if (stack == MAP_FAILED) {
    started.error = errno;
    return started;
  }
  // No handler of the parent may run in the child.
  const KernelSignals all = ~KernelSignals{0};
  KernelSignals before = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &before, sizeof all);
  void* const top = static_cast<char*>(stack) + stack_bytes;
  const int flags = CLONE_VM | CLONE_VFORK | SIGCHLD;
  if (wants_pidfd) {
    started.pid = COIL_CLONE(&run_child, top, flags | CLONE_PIDFD, &script, &started.pidfd);
    if (started.pid < 0) started.pidfd = -1;
  }
  // A kernel or a sandbox that knows no descriptors of processes may refuse them by any error.
  const bool refused = wants_pidfd && (errno == EINVAL || errno == ENOSYS || errno == EPERM);
  if (started.pid < 0 && (!wants_pidfd || refused)) {
    started.pid = COIL_CLONE(&run_child, top, flags, &script);
  }
  if (started.pid < 0) started.error = errno;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof before);
  ::munmap(stack, stack_bytes);
  return started;
}

}  // namespace coil::detail
