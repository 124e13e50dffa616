// The lock-free list behind callFromThread: many producers, one consumer. Included by the reactor.
#pragma once

#include <coil/runtime/detail/inbox_node.h>

#include <atomic>

namespace coil::detail {

// Producers push onto a stack; the consumer takes the whole stack at once and turns it round, so
// that one producer's calls run in the order of the pushes and a call that pushes again waits for
// the next turn.
class Inbox {
 public:
  Inbox() noexcept {}
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // Threads: Any thread.
  void push(InboxNode& node) noexcept {
    InboxNode* head = head_.load(std::memory_order_relaxed);
    do {
      node.next_ = head;
    } while (!head_.compare_exchange_weak(head, &node, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
  }

  bool empty() const noexcept { return head_.load(std::memory_order_seq_cst) == nullptr; }

  // Delivers what is there now; a node may be gone when its delivery returns.
  void deliver_all(bool alive) noexcept {
    if (head_.load(std::memory_order_relaxed) == nullptr) return;
    InboxNode* taken = head_.exchange(nullptr, std::memory_order_acquire);
    InboxNode* in_order = nullptr;
    while (taken != nullptr) {
      InboxNode* next = taken->next_;
      taken->next_ = in_order;
      in_order = taken;
      taken = next;
    }
    while (in_order != nullptr) {
      InboxNode* next = in_order->next_;
      in_order->deliver_(*in_order, alive);
      in_order = next;
    }
  }

 private:
  std::atomic<InboxNode*> head_{nullptr};
};

}  // namespace coil::detail
