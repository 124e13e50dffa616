// Calls into a loop that may end at any time, and what it leaves.
#include <coil/threads/detail/remote_loop.h>

#include <coil/threads/detail/remote_call.h>

namespace coil::detail {

namespace {

void stop_if_running(Reactor& reactor) {
  if (reactor.can_stop()) reactor.stop();
}

void force(Reactor& reactor) {
  try {
    reactor.force_stop();
  } catch (const ReactorNotRunning&) {
    // It has ended by itself meanwhile.
  }
}

}  // namespace

void RemoteLoop::stop() noexcept { post(&stop_if_running); }

// A stop begins at the end of the turn in which it was asked for: it is forced in the next.
void RemoteLoop::force_stop() noexcept {
  post([](Reactor& reactor) {
    stop_if_running(reactor);
    reactor.callFromThread([&reactor] { force(reactor); });
  });
}

void RemoteLoop::fail(std::exception_ptr exception) noexcept {
  Failure failure(std::move(exception));
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = failure;
  }
  if (failed_) failed_(failure);
  stop();
}

Failure RemoteLoop::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void RemoteLoop::give_failure() {
  Failure failure;
  {
    const std::lock_guard lock(mutex_);
    failure_given_ = true;
    failure = failure_;
  }
  if (failure) failure.raiseException();
}

bool RemoteLoop::failure_given() const {
  const std::lock_guard lock(mutex_);
  return failure_given_;
}

void RemoteLoop::finish_at_end(const std::shared_ptr<RemoteCall>& call) {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_) {
      at_end_.add(call);
      return;
    }
  }
  call->finish([] {});
}

bool RemoteLoop::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

void RemoteLoop::open(Reactor& reactor) {
  const std::lock_guard lock(mutex_);
  reactor_ = &reactor;
}

StopReport RemoteLoop::last_stop() const {
  const std::lock_guard lock(mutex_);
  return last_stop_;
}

void RemoteLoop::close() noexcept {
  const std::lock_guard lock(mutex_);
  last_stop_ = reactor_->last_stop();
  reactor_ = nullptr;
}

void RemoteLoop::end() noexcept {
  WeakList<RemoteCall> calls;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    calls = std::move(at_end_);
  }
  calls.tell_all([](RemoteCall& call) { call.finish([] {}); });
}

}  // namespace coil::detail
