// LoopLink: the way to a reactor's loop, for threads that may outlive the reactor.
#pragma once

#include <coil/runtime/delayed_call.h>
#include <coil/runtime/detail/inbox_node.h>
#include <coil/runtime/detail/intrusive_list.h>
#include <coil/runtime/detail/thread_lock.h>
#include <coil/runtime/log.h>

#include <memory>

namespace coil {
class Reactor;
}

namespace coil::detail {

struct AwaitedTag {};

// A thread that ends its work after the reactor has ended finds the link closed, and keeps what it
// has to itself. callFromThread cannot tell: it is a member of what is gone.
class LoopLink {
 public:
  // Somebody on the loop who waits for what another thread does.
  class Waiter : public TaggedHook<AwaitedTag> {
   public:
    // Called on the loop's thread when the reactor ends first; it waits no more then.
    virtual void reactor_ended() noexcept = 0;

   protected:
    Waiter() noexcept {}
    ~Waiter() = default;
  };

  explicit LoopLink(Reactor& reactor) noexcept : reactor_(&reactor) {}
  LoopLink(const LoopLink&) = delete;
  LoopLink& operator=(const LoopLink&) = delete;

  // The link of a reactor, which it makes when it is first asked for.
  //
  // Threads: Reactor thread only.
  static std::shared_ptr<LoopLink> of(Reactor& reactor);

  // Delivers `node` on the loop; false, and nothing is done, if the reactor has ended.
  //
  // Threads: Any thread.
  bool post(InboxNode& node) noexcept;
  // The same for a function, which is destroyed if the reactor has ended.
  bool post(Callback call);
  // Logs from the loop; to standard error if the reactor has ended.
  void log(LogRecord record) noexcept;

  // Threads: Reactor thread only.
  bool closed() const noexcept { return closed_; }
  // Requires: !closed().
  void add(Waiter& waiter) noexcept { waiters_.push_back(waiter); }
  // Tells every waiter, then lets nothing through any more.
  void close() noexcept;

 private:
  bool closed_ = false;
  IntrusiveList<Waiter, AwaitedTag> waiters_;
  ThreadMutex mutex_;
  Reactor* reactor_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace coil::detail
