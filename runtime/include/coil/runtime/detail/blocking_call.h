// BlockingCall: the await of BlockingExecutor::run. Included by blocking_executor.h only.
#pragma once

#include <coil/runtime/blocking_executor.h>
#include <coil/runtime/detail/inbox_node.h>
#include <coil/runtime/detail/loop_link.h>
#include <coil/runtime/suspension.h>
#include <coil/runtime/task_context.h>

#include <coroutine>
#include <memory>
#include <optional>
#include <variant>

namespace coil::detail {

// The function, and the request to end it where it takes one.
template <class F>
class StoppableCall {
 public:
  template <class G>
  explicit StoppableCall(G&& function) : function_(std::forward<G>(function)) {}
  StoppableCall(StoppableCall&&) = default;

  decltype(auto) operator()() {
    if constexpr (takes_stop_token<F>) {
      return std::invoke(function_, stop_.get_token());
    } else {
      return std::invoke(function_);
    }
  }
  void ask_to_end() noexcept {
    if constexpr (takes_stop_token<F>) stop_.request_stop();
  }

 private:
  F function_;
  [[no_unique_address]] std::conditional_t<takes_stop_token<F>, std::stop_source, std::monostate>
      stop_;
};

// It lies in the awaiting frame. Its worker sees a frame that stays, since a wait for work that has
// begun ends only when that has come home through the inbox.
template <class F>
class [[nodiscard]] BlockingCall final : public Suspension,
                                         private BlockingWork,
                                         private InboxNode {
 public:
  using T = work_result_t<F>;
  static_assert(!std::is_reference_v<T>, "work in a thread gives a value, not a reference");

  template <class G>
  BlockingCall(BlockingExecutor& executor, G&& function, std::source_location site)
      : Suspension(&give_up),
        BlockingWork(site),
        InboxNode(&deliver),
        executor_(executor),
        call_(std::forward<G>(function)) {}
  BlockingCall(BlockingCall&& other)
      : Suspension(std::move(other)),
        BlockingWork(other.site()),
        InboxNode(&deliver),
        executor_(other.executor_),
        call_(std::move(other.call_)) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) {
    link_ = LoopLink::of(context.reactor());
    if (!enter(context, waiter)) return false;
    executor_.submit(*this);
    return true;
  }
  T await_resume() { return take_result().value(); }
  Result<T> take_result() {
    check_cancelled();
    if (!*result_ && result_->error().failure().is_cancelled()) throw Cancelled();
    return *std::move(result_);
  }

 private:
  // Both orders of a cancellation and the begin of the work are decided by the executor's lock:
  // what has been withdrawn never begins, what has begun is waited for.
  static void give_up(Suspension& suspension) noexcept {
    auto& self = static_cast<BlockingCall&>(suspension);
    if (self.withdraw()) {
      self.finish_cancelled();
    } else {
      self.call_.ask_to_end();
    }
  }
  void work() override {
    result_.emplace(result_of(call_));
    come_home();
  }
  void drop(std::error_code why) noexcept override {
    result_.emplace(Error(why, "run"));
    come_home();
  }
  // The frame may be gone once it was posted. If the reactor is gone instead, the frame was parked.
  void come_home() noexcept {
    const std::shared_ptr<LoopLink> link = std::move(link_);
    link->post(*this);
  }
  static void deliver(InboxNode& node, Reactor* reactor) noexcept;

  BlockingExecutor& executor_;
  StoppableCall<F> call_;
  std::shared_ptr<LoopLink> link_;
  std::optional<Result<T>> result_;
};

// Puts a suspension on the ready list of its reactor.
void make_ready(Suspension& suspension) noexcept;

template <class F>
void BlockingCall<F>::deliver(InboxNode& node, Reactor* reactor) noexcept {
  if (reactor != nullptr) make_ready(static_cast<BlockingCall&>(node));
}

}  // namespace coil::detail
