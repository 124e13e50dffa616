// RemoteCall: an await on one reactor of what happens on another thread.
#pragma once

#include <coil/runtime/detail/loop_link.h>
#include <coil/runtime/resume_node.h>
#include <coil/runtime/task.h>
#include <coil/runtime/when_all.h>
#include <coil/threads/detail/reactor_ends.h>
#include <coil/threads/detail/remote_loop.h>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

namespace coil::detail {

class RemoteWait;

// What an await comes to whose other reactor ended before it could answer.
std::exception_ptr stopped_first() noexcept;

// What the two sides share. It is finished once: by what was waited for, or by the end of the
// reactor where that would have come from. A wait that the other reactor's stop has parked may
// still end; after that one has gone, there is nobody to tell.
class RemoteCall : public EndWatch, public std::enable_shared_from_this<RemoteCall> {
 public:
  explicit RemoteCall(std::shared_ptr<RemoteLoop> loop) noexcept : loop_(std::move(loop)) {}

  // On the reactor that will wait, before the call goes out. Errors: ReactorStopped.
  void expect_on(Reactor& home);

  // Finishes it; the first call does, and stores what it came to. Threads: Any thread.
  template <class Store>
  void finish(Store store) noexcept {
    const std::lock_guard lock(mutex_);
    if (done_) return;
    done_ = true;
    store();
    tell();
  }
  void fail(std::exception_ptr exception) noexcept {
    finish([&] { exception_ = std::move(exception); });
  }
  void fail_stopped() noexcept { fail(stopped_first()); }

  // On the other reactor: the task that works begins, and ends.
  void work_begins(TaskContext& context);
  void work_ends() noexcept { work_ = nullptr; }
  // On the waiting one: asks that task to end.
  void ask_to_end() noexcept;
  // Throws what it came to, if that is an exception, which goes from one thread to the other once.
  void rethrow();

 private:
  friend class RemoteWait;

  void reactor_ended(Reactor&) noexcept override { fail_stopped(); }
  void tell() noexcept;

  std::shared_ptr<RemoteLoop> loop_;
  std::shared_ptr<LoopLink> home_;
  std::mutex mutex_;
  RemoteWait* wait_ = nullptr;  // Guarded by the lock, like the two behind it.
  bool done_ = false;
  std::exception_ptr exception_;
  TaskContext* work_ = nullptr;  // The other reactor's own.
  bool end_asked_ = false;
};

template <class T>
class RemoteResult final : public RemoteCall {
 public:
  using RemoteCall::RemoteCall;
  std::optional<value_or_monostate<T>> value;
};

// Waits until a RemoteCall is finished, on the reactor that expects it. Cancelling asks the work to
// end, and the wait goes on until it has; where there is no work to ask, the wait ends.
class [[nodiscard]] RemoteWait final : public ResumeNode {
 public:
  enum class Cancelling : bool { asks, leaves };

  RemoteWait(RemoteCall& call, Cancelling how) noexcept
      : ResumeNode(&give_up), call_(call), how_(how) {}
  RemoteWait(RemoteWait&&) = delete;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<> waiter);
  // Throws Cancelled only where nothing was asked of anybody.
  void await_resume() const {
    check_cancelled();
    ResumeNode::await_resume();
  }

 private:
  static void give_up(Suspension& wait) noexcept;

  RemoteCall& call_;
  Cancelling how_;
};

// Carries a call to its reactor. One that is dropped unmade, because the reactor ended, fails.
class RemoteTicket {
 public:
  explicit RemoteTicket(std::shared_ptr<RemoteCall> call) noexcept : call_(std::move(call)) {}
  RemoteTicket(RemoteTicket&&) noexcept = default;
  RemoteTicket& operator=(RemoteTicket&&) = delete;
  ~RemoteTicket() {
    if (call_ != nullptr) call_->fail_stopped();
  }

  RemoteCall& call() const noexcept { return *call_; }
  void used() noexcept { call_.reset(); }

 private:
  std::shared_ptr<RemoteCall> call_;
};

}  // namespace coil::detail
