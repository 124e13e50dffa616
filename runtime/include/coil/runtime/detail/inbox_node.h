// InboxNode: an element of the lock-free list behind callFromThread.
#pragma once

namespace coil {
class Reactor;
}

namespace coil::detail {

class CallNodes;
class Inbox;
class LoopLink;
class SignalDesk;
class SignalPort;

class InboxNode {
 public:
  // Called on the reactor's thread; without a reactor, when it ended before the turn came.
  using Deliver = void (*)(InboxNode&, Reactor*) noexcept;

  explicit InboxNode(Deliver deliver) noexcept : deliver_(deliver) {}
  InboxNode(const InboxNode&) = delete;
  InboxNode& operator=(const InboxNode&) = delete;

 protected:
  ~InboxNode() = default;

 private:
  friend class Inbox;

  InboxNode* next_ = nullptr;
  const InboxNode* earlier_ = nullptr;  // A node to fetch meanwhile; it may be gone.
  Deliver deliver_;
};

}  // namespace coil::detail
