// DeferredWork: blocking work whose result fires a Deferred. Included by defer_to_thread.h only.
#pragma once

#include <coil/runtime/blocking_executor.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/detail/loop_link.h>

#include <memory>
#include <optional>
#include <source_location>
#include <utility>

namespace coil::detail {

// Three may end it, on the loop: its result, cancel(), the end of the reactor. The first that comes
// settles the Deferred; the work itself is freed when its result has come, for that may be under
// way. Only where there is no loop any more does the thread that did the work free it.
template <class F>
class DeferredWork final : public BlockingWork, private InboxNode, private LoopLink::Waiter {
 public:
  using T = work_result_t<F>;
  static_assert(!std::is_reference_v<T>, "work in a thread gives a value, not a reference");

  static Deferred<T> start(Reactor& reactor, BlockingExecutor& executor, F function,
                           std::source_location site) {
    std::shared_ptr<LoopLink> link = LoopLink::of(reactor);
    if (link->closed()) {
      return fail<T>(Failure::from_code(make_error_code(Errc::reactor_stopped), "deferToThread"),
                     site);
    }
    auto work =
        std::unique_ptr<DeferredWork>(new DeferredWork(std::move(link), std::move(function), site));
    Deferred<T> deferred([self = work.get()] { self->give_up(); }, site);
    work->deferred_ = deferred;
    work->link_->add(*work);
    executor.submit(*work.release());
    return deferred;
  }

 private:
  DeferredWork(std::shared_ptr<LoopLink> link, F function, std::source_location site)
      : BlockingWork(site),
        InboxNode(&deliver),
        link_(std::move(link)),
        call_(std::move(function)) {}

  void work() override {
    result_ = result_of(call_);
    come_home();
  }
  void drop(std::error_code why) noexcept override {
    result_ = Error(why, "deferToThread");
    come_home();
  }
  void come_home() noexcept {
    const std::shared_ptr<LoopLink> link = link_;  // Once it was posted, the loop may free this.
    if (!link->post(*this)) delete this;
  }
  static void deliver(InboxNode& node, Reactor* reactor) noexcept {
    const std::unique_ptr<DeferredWork> self(&static_cast<DeferredWork&>(node));
    if (!self->deferred_) return;
    self->waiter_hook().unlink();
    if (reactor == nullptr) {
      self->fail_stopped();
    } else {
      self->settle(std::move(self->result_));
    }
  }
  // The Deferred itself says CancelledError; what comes later is dropped on the loop.
  void give_up() noexcept {
    waiter_hook().unlink();
    deferred_.reset();
    if (withdraw()) {
      delete this;
    } else {
      call_.ask_to_end();
    }
  }
  void reactor_ended() noexcept override {
    const bool never_begins = withdraw();
    call_.ask_to_end();
    fail_stopped();
    if (never_begins) delete this;
  }
  void fail_stopped() noexcept {
    settle(Error(make_error_code(Errc::reactor_stopped), "deferToThread"));
  }
  void settle(Result<T> result) noexcept {
    Deferred<T> deferred = *std::exchange(deferred_, std::nullopt);
    deferred.fire(std::move(result));
  }
  TaggedHook<AwaitedTag>& waiter_hook() noexcept { return *this; }

  std::optional<Deferred<T>> deferred_;  // The loop's own; none once it was settled.
  const std::shared_ptr<LoopLink> link_;
  StoppableCall<F> call_;
  Result<T> result_ = Error();
};

}  // namespace coil::detail
