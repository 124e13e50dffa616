// Waiting for children, reaping and signaling them, on POSIX systems.
#include "child_watcher.h"

#include "child_calls.h"

#include <coil/net/detail/owned_socket.h>
#include <coil/process/process_error.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/await.h>
#include <coil/runtime/cancellation.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/signal_watcher.h>
#include <coil/runtime/timeout.h>

#include <absl/cleanup/cleanup.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace coil::detail {

namespace {

// What a child that was killed gets to be gone for good: a wait in the kernel may have to end.
constexpr Duration killed_patience = std::chrono::seconds(5);

constexpr Duration grace_max = std::chrono::hours(24);

using Readable = Await<PollOperation, void, ToNothing>;

}  // namespace

ChildWatcher& ChildWatcher::of(Reactor& reactor) {
  if (std::shared_ptr<ChildWatcher> known = reactor.find<ChildWatcher>()) return *known;
  auto watcher = std::make_shared<ChildWatcher>();
  reactor.install<ChildWatcher>(watcher);
  reactor.addSystemEventTrigger(Phase::during, "shutdown", [&reactor] {
    if (const auto known = reactor.find<ChildWatcher>()) known->end_patience();
  });
  return *watcher;
}

ChildWatcher::~ChildWatcher() {
  end_patience();
  for (const std::shared_ptr<Child>& child : std::exchange(children_, {})) child->try_reap();
}

// A child that is over leaves the set, hence the copy.
void ChildWatcher::end_patience() noexcept {
  for (const std::shared_ptr<Child>& child : std::set(children_)) {
    if (child->was_given_up()) child->kill_now();
  }
}

void Child::watch(std::function<void()> ended) {
  ended_ = std::move(ended);
  ChildWatcher::of(reactor_).add(shared_from_this());
  watched_ = true;
  start_root<"child">(reactor_, run_watch(shared_from_this()));
}

// A stop of the reactor ends the watch and not the child: who waits for it then looks itself.
Task<void> Child::run_watch(std::shared_ptr<Child> self) {
  static_cast<void>(self);
  const absl::Cleanup leave = [&] {
    watched_ = false;
    changed_.set();
    ended_ = nullptr;
  };
  while (!is_over()) co_await until_news();
  tell();
}

void Child::tell() noexcept {
  try {
    if (ended_) ended_();
  } catch (...) {
    reactor_.log_current("the end of a child process");
  }
}

Task<void> Child::until_over() {
  const std::shared_ptr<Child> self = shared_from_this();
  while (!is_over()) {
    if (!watched_) {
      co_await until_news();
      continue;
    }
    changed_.clear();
    co_await changed_.wait();
  }
}

// Returns when it may have ended.
Task<void> Child::until_news() {
  if (try_reap()) co_return;
  if (pidfd_.valid()) {
    co_await until_readable();
    try_reap();
    co_return;
  }
  SignalWatcher watcher(reactor_, SIGCHLD);
  while (!try_reap()) co_await watcher.next();
}

// A descriptor has one handle, however many wait for it.
Task<void> Child::until_readable() {
  if (polls_ == 0) handle_ = reactor_.handles().open(pidfd_.native(), HandleKind::foreign);
  ++polls_;
  const absl::Cleanup done = [&] {
    if (--polls_ != 0) return;
    reactor_.handles().close(handle_);
    if (is_over()) pidfd_.close();
  };
  co_await Readable(ToNothing(), reactor_, handle_, Direction::read);
}

bool Child::try_reap() noexcept {
  if (is_over()) return true;
  int code = 0;
  int number = 0;
  const int pid = wait(WEXITED | WNOHANG, code, number);
  if (pid == 0) return false;
  if (pid < 0) {
    stolen_ = true;
  } else if (code == CLD_EXITED) {
    status_ = ExitStatus::exited(number);
  } else {
    status_ = ExitStatus::signaled(number, code == CLD_DUMPED);
  }
  note_over();
  return true;
}

void Child::note_over() noexcept {
  if (polls_ == 0) pidfd_.close();
  if (const auto watcher = reactor_.find<ChildWatcher>()) watcher->remove(*this);
  changed_.set();
}

// One that runs as somebody else by now may be out of reach: then it is left alone.
void Child::kill_now() noexcept {
  if (try_reap() || send(SIGKILL) != 0) return;
  int code = 0;
  int number = 0;
  wait(WEXITED | WNOWAIT, code, number);
  try_reap();
}

// Gives 0 if it goes on, and a number below 0 if it is no child of this process any more.
int Child::wait(int options, int& code, int& number) const noexcept {
  siginfo_t info;
  info.si_pid = 0;
  while (wait_for_child(pid_, pidfd_.valid() ? pidfd_.get() : -1, info, options) != 0) {
    if (errno != EINTR) return -1;
  }
  code = info.si_code;
  number = info.si_status;
  return info.si_pid;
}

int Child::send(int number) const noexcept {
  return signal_child(pid_, pidfd_.valid() ? pidfd_.get() : -1, number);
}

void Child::signal(int number) {
  if (is_over()) throw ProcessExitedAlready();
  if (send(number) == 0) return;
  if (errno == ESRCH) throw ProcessExitedAlready();
  throw SystemError(system_error_code(errno), "signal process " + std::to_string(pid_));
}

void Child::give_up(Duration grace) {
  if (is_over()) return;
  given_up_ = true;
  send(SIGTERM);
  send(SIGCONT);  // One that is stopped would not notice.
  start_root<"the end of a child">(reactor_, run_end(shared_from_this(), grace));
}

// Goes on when the reactor stops: that is when most children are given up.
Task<void> Child::run_end(std::shared_ptr<Child> self, Duration grace) {
  static_cast<void>(self);
  co_await shielded(end(grace), std::min(grace, grace_max) + killed_patience);
}

Task<void> Child::end(Duration grace) {
  const Result<> in_time = co_await as_result(with_timeout(grace, until_over()));
  if (in_time) co_return;
  send(SIGKILL);
  co_await until_over();
}

ExitStatus Child::result() const {
  if (stolen_) {
    throw SystemError(system_error_code(ECHILD),
                      "process " + std::to_string(pid_) + " was reaped by somebody else");
  }
  return *status_;
}

}  // namespace coil::detail
