// RemoteLoop: what other threads know of a reactor that runs on a thread of its own.
#pragma once

#include <coil/runtime/failure.h>
#include <coil/runtime/reactor.h>
#include <coil/threads/detail/weak_list.h>

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace coil::detail {

class RemoteCall;

// A way in that closes before the reactor goes, so that a call from outside finds either a reactor
// or a closed door.
//
// Threads: Any thread, but for what is said to be the reactor's.
class RemoteLoop {
 public:
  // `failed` is called for the first failure, on the thread where it comes up.
  explicit RemoteLoop(std::function<void(const Failure&)> failed = nullptr)
      : failed_(std::move(failed)) {}
  RemoteLoop(const RemoteLoop&) = delete;
  RemoteLoop& operator=(const RemoteLoop&) = delete;

  // Leaves call(reactor) to a coming turn of the loop; false, and no call, when it has ended.
  template <class F>
  bool post(F call) {
    const std::lock_guard lock(mutex_);
    if (reactor_ == nullptr) return false;
    reactor_->callFromThread(
        [reactor = reactor_, call = std::move(call)]() mutable { call(*reactor); });
    return true;
  }
  void stop() noexcept;
  void force_stop() noexcept;

  // Keeps the first failure, and stops the loop. Reactor thread.
  void fail(std::exception_ptr exception) noexcept;
  Failure failure() const;
  // Throws the failure, if there is one; from then on somebody knows of it.
  void give_failure();
  bool failure_given() const;
  // Finishes `call` when the thread has let go of its reactor; at once where it has. One that is
  // given up before is forgotten.
  void finish_at_end(const std::shared_ptr<RemoteCall>& call);
  bool ended() const;
  // What the last stop had to do; empty until the loop has ended.
  StopReport last_stop() const;

  // Called by the thread itself, in this order.
  void open(Reactor& reactor);
  void close() noexcept;
  void end() noexcept;

 private:
  mutable std::mutex mutex_;
  Reactor* reactor_ = nullptr;
  Failure failure_;
  StopReport last_stop_;
  std::function<void(const Failure&)> failed_;
  WeakList<RemoteCall> at_end_;
  bool failure_given_ = false;
  bool ended_ = false;
};

}  // namespace coil::detail
