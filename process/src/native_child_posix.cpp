// A child of a POSIX system: waited for by its descriptor, or by SIGCHLD.
#include "native_child_posix.h"

#include "child_calls.h"

#include <coil/net/detail/owned_socket.h>
#include <coil/process/process_error.h>
#include <coil/runtime/await.h>
#include <coil/runtime/signal_watcher.h>

#include <absl/cleanup/cleanup.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <string>

namespace coil::detail {

static_assert(signal_kill == SIGKILL && signal_terminate == SIGTERM);

namespace {

using Readable = Await<PollOperation, void, ToNothing>;

}  // namespace

NativeChild::Sight PosixChild::look(ExitStatus& status) noexcept {
  int code = 0;
  int number = 0;
  const int pid = wait(WEXITED | WNOHANG, code, number);
  if (pid == 0) return Sight::alive;
  is_over_ = true;
  if (polls_ == 0) pidfd_.close();
  if (pid < 0) return Sight::stolen;
  status = code == CLD_EXITED ? ExitStatus::exited(number)
                              : ExitStatus::signaled(number, code == CLD_DUMPED);
  return Sight::ended;
}

Task<void> PosixChild::until_end(Reactor& reactor) {
  if (has_ended()) co_return;
  if (pidfd_.valid()) {
    co_await until_readable(reactor);
    co_return;
  }
  SignalWatcher watcher(reactor, SIGCHLD);
  while (!has_ended()) co_await watcher.next();
}

// A descriptor has one handle, however many wait for it.
Task<void> PosixChild::until_readable(Reactor& reactor) {
  if (polls_ == 0) handle_ = reactor.handles().open(pidfd_.native(), HandleKind::foreign);
  ++polls_;
  const absl::Cleanup done = [&] {
    if (--polls_ != 0) return;
    reactor.handles().close(handle_);
    if (is_over_) pidfd_.close();
  };
  co_await Readable(ToNothing(), reactor, handle_, Direction::read);
}

bool PosixChild::has_ended() const noexcept {
  int code = 0;
  int number = 0;
  return is_over_ || wait(WEXITED | WNOHANG | WNOWAIT, code, number) != 0;
}

void PosixChild::await_end() noexcept {
  int code = 0;
  int number = 0;
  wait(WEXITED | WNOWAIT, code, number);
}

// Gives 0 if it goes on, and a number below 0 if it is no child of this process any more.
int PosixChild::wait(int options, int& code, int& number) const noexcept {
  siginfo_t info;
  info.si_pid = 0;
  while (wait_for_child(pid_, pidfd_.valid() ? pidfd_.get() : -1, info, options) != 0) {
    if (errno != EINTR) return -1;
  }
  code = info.si_code;
  number = info.si_status;
  return info.si_pid;
}

int PosixChild::send(int number) const noexcept {
  return signal_child(pid_, pidfd_.valid() ? pidfd_.get() : -1, number);
}

void PosixChild::signal(int number) {
  if (send(number) == 0) return;
  if (errno == ESRCH) throw ProcessExitedAlready();
  throw SystemError(system_error_code(errno), "signal process " + std::to_string(pid_));
}

void PosixChild::ask_to_end() noexcept {
  send(SIGTERM);
  send(SIGCONT);  // One that is stopped would not notice.
}

}  // namespace coil::detail
