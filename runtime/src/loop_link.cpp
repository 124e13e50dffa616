// The way to a loop that may have ended.
#include <coil/runtime/detail/loop_link.h>

#include "reactor_core.h"

#include <utility>

namespace coil::detail {

namespace {

// What the reactor keeps: threads that keep the link itself cannot keep it open.
class OpenLink {
 public:
  explicit OpenLink(Reactor& reactor) : link(std::make_shared<LoopLink>(reactor)) {}
  OpenLink(const OpenLink&) = delete;
  OpenLink& operator=(const OpenLink&) = delete;
  ~OpenLink() { link->close(); }

  const std::shared_ptr<LoopLink> link;
};

}  // namespace

std::shared_ptr<LoopLink> LoopLink::of(Reactor& reactor) {
  std::shared_ptr<OpenLink> open = reactor.find<OpenLink>();
  if (open == nullptr && reactor.core_->ended) return OpenLink(reactor).link;  // Closed already.
  if (open == nullptr) {
    open = std::make_shared<OpenLink>(reactor);
    reactor.install<OpenLink>(open);
  }
  return open->link;
}

bool LoopLink::post(InboxNode& node) noexcept {
  const ThreadLock lock(mutex_);
  if (reactor_ == nullptr) return false;
  if (reactor_->core_->posted.push(node)) reactor_->wake();
  return true;
}

bool LoopLink::post(Callback call) {
  const ThreadLock lock(mutex_);
  if (reactor_ == nullptr) return false;
  reactor_->callFromThread(std::move(call));
  return true;
}

void LoopLink::log(LogRecord record) noexcept {
  try {
    const ThreadLock lock(mutex_);
    if (reactor_ != nullptr) {
      Reactor& reactor = *reactor_;
      reactor.callFromThread([&reactor, record] { reactor.log(record); });
      return;
    }
    log_to_standard_error(record);
  } catch (...) {
    log_to_standard_error(record);  // There is no memory to send it.
  }
}

// In this order: a thread that finds the link closed owns what it holds, and nobody on the loop
// knows of it any more.
void LoopLink::close() noexcept {
  closed_ = true;
  while (Waiter* waiter = waiters_.pop_front()) waiter->reactor_ended();
  const ThreadLock lock(mutex_);
  reactor_ = nullptr;
}

}  // namespace coil::detail
