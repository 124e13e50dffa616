// Waiting for children, reaping and signaling them.
#include "child_watcher.h"

#include <coil/process/process_error.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/cancellation.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/timeout.h>

#include <absl/cleanup/cleanup.h>

#include <algorithm>
#include <string>
#include <utility>

namespace coil::detail {

namespace {

// What a child that was killed gets to be gone for good: a wait in the kernel may have to end.
constexpr Duration killed_patience = std::chrono::seconds(5);

constexpr Duration grace_max = std::chrono::hours(24);

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
  while (!try_reap()) co_await native_->until_end(reactor_);
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
      if (!try_reap()) co_await native_->until_end(reactor_);
      continue;
    }
    changed_.clear();
    co_await changed_.wait();
  }
}

bool Child::try_reap() noexcept {
  if (is_over()) return true;
  ExitStatus status;
  switch (native_->look(status)) {
    case NativeChild::Sight::alive:
      return false;
    case NativeChild::Sight::ended:
      status_ = status;
      break;
    case NativeChild::Sight::stolen:
      stolen_ = true;
  }
  if (const auto watcher = reactor_.find<ChildWatcher>()) watcher->remove(*this);
  changed_.set();
  return true;
}

// One that runs as somebody else by now may be out of reach: then it is left alone.
void Child::kill_now() noexcept {
  if (try_reap() || !native_->kill()) return;
  native_->await_end();
  try_reap();
}

void Child::signal(int number) {
  if (is_over()) throw ProcessExitedAlready();
  native_->signal(number);
}

void Child::give_up(Duration grace) {
  if (is_over()) return;
  given_up_ = true;
  native_->ask_to_end();
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
  native_->kill();
  co_await until_over();
}

ExitStatus Child::result() const {
  if (stolen_) {
    throw SystemError(std::make_error_code(std::errc::no_child_process),
                      "process " + std::to_string(pid()) + " was reaped by somebody else");
  }
  return *status_;
}

}  // namespace coil::detail
