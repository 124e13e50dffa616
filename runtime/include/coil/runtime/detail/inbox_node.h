// InboxNode: an element of the lock-free list behind callFromThread.
#pragma once

namespace coil {
class Reactor;
}

namespace coil::detail {

class Inbox;
class SignalRelay;

class InboxNode {
 public:
  // Called on the reactor's thread; `alive` is false when the reactor ended before the turn came.
  using Deliver = void (*)(InboxNode&, bool alive) noexcept;

  explicit InboxNode(Deliver deliver) noexcept : deliver_(deliver) {}
  InboxNode(const InboxNode&) = delete;
  InboxNode& operator=(const InboxNode&) = delete;

 protected:
  ~InboxNode() = default;

 private:
  friend class Inbox;

  InboxNode* next_ = nullptr;
  Deliver deliver_;
};

}  // namespace coil::detail
