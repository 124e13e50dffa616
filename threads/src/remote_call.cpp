// Both sides of a call between reactors, and the ends that may come in between.
#include <coil/threads/detail/remote_call.h>

#include <coil/runtime/error.h>

#include <utility>

namespace coil::detail {

std::exception_ptr stopped_first() noexcept {
  return std::make_exception_ptr(ReactorStopped(make_error_code(Errc::reactor_stopped),
                                                "a call to the reactor of another thread"));
}

void RemoteCall::expect_on(Reactor& home) {
  home_ = LoopLink::of(home);
  if (home_->closed()) {
    throw_error(make_error_code(Errc::reactor_stopped), "an await of what another thread does");
  }
}

void RemoteCall::tell() noexcept {
  if (wait_ != nullptr) home_->post(*std::exchange(wait_, nullptr));
}

void RemoteCall::rethrow() {
  std::exception_ptr exception;
  {
    const std::lock_guard lock(mutex_);
    std::swap(exception, exception_);
  }
  if (exception) std::rethrow_exception(std::move(exception));
}

void RemoteCall::work_begins(TaskContext& context) {
  work_ = &context;
  ReactorEnds::of(context.reactor())->add(shared_from_this());
  if (end_asked_) context.cancel();
}

void RemoteCall::ask_to_end() noexcept {
  loop_->post([self = shared_from_this()](Reactor&) {
    self->end_asked_ = true;
    if (self->work_ != nullptr) self->work_->cancel();
  });
}

bool RemoteWait::begin(TaskContext& context, std::coroutine_handle<> waiter) {
  // Work that was begun is waited for, although this scope was cancelled.
  if (how_ == Cancelling::asks) {
    enter_uncancellable(context, waiter);
  } else if (!enter(context, waiter)) {
    return false;
  }
  const std::lock_guard lock(call_.mutex_);
  if (call_.done_) {
    leave();
    return false;
  }
  call_.wait_ = this;
  return true;
}

void RemoteWait::give_up(Suspension& wait) noexcept {
  auto& self = static_cast<RemoteWait&>(wait);
  if (self.how_ == Cancelling::asks) {
    self.call_.ask_to_end();
    return;
  }
  {
    const std::lock_guard lock(self.call_.mutex_);
    if (self.call_.wait_ == nullptr) return;  // It was told first.
    self.call_.wait_ = nullptr;
  }
  self.finish_cancelled();
}

}  // namespace coil::detail
