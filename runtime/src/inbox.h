// The lock-free list behind callFromThread: many producers, one consumer. Included by the reactor.
#pragma once

#include <coil/runtime/detail/inbox_node.h>

#include <atomic>
#include <utility>

namespace coil::detail {

// The nodes that a thread pushed last. Each node names one of them, which the consumer comes to a
// few steps later, so that it can be fetched from the producer's processor meanwhile: else every
// step would wait for one transfer. The name is a hint and never followed.
class Trail {
 public:
  const InboxNode* step(const InboxNode& node) noexcept {
    return std::exchange(last_[count_++ % length], &node);
  }

  static thread_local constinit Trail mine;

 private:
  static constexpr unsigned length = 8;

  const InboxNode* last_[length] = {};
  unsigned count_ = 0;
};

inline thread_local constinit Trail Trail::mine;

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
    node.earlier_ = Trail::mine.step(node);
    InboxNode* head = head_.load(std::memory_order_relaxed);
    do {
      node.next_ = head;
    } while (!head_.compare_exchange_weak(head, &node, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
  }

  bool empty() const noexcept { return head_.load(std::memory_order_seq_cst) == nullptr; }

  // Delivers what is there now; a node may be gone when its delivery returns.
  void deliver_all(Reactor* reactor) noexcept {
    if (head_.load(std::memory_order_relaxed) == nullptr) return;
    InboxNode* taken = head_.exchange(nullptr, std::memory_order_acquire);
    InboxNode* in_order = nullptr;
    while (taken != nullptr) {
      InboxNode* next = taken->next_;
      __builtin_prefetch(taken->earlier_);
      taken->next_ = in_order;
      in_order = taken;
      taken = next;
    }
    while (in_order != nullptr) {
      InboxNode* next = in_order->next_;
      in_order->deliver_(*in_order, reactor);
      in_order = next;
    }
  }

 private:
  std::atomic<InboxNode*> head_{nullptr};
};

// What posting threads and the loop share, on a cache line of its own.
struct alignas(64) Posted {
  // True when the loop has to be woken: by the first of a burst only.
  //
  // Threads: Any thread.
  bool push(InboxNode& node) noexcept {
    inbox.push(node);
    return sleeping.load(std::memory_order_seq_cst) &&
           sleeping.exchange(false, std::memory_order_seq_cst);
  }

  // On the loop: false when something has come already. In this order: a thread that pushes after
  // the check sees the flag, and wakes the wait.
  bool may_sleep() noexcept {
    if (!inbox.empty()) return false;
    sleeping.store(true, std::memory_order_seq_cst);
    return inbox.empty();
  }

  Inbox inbox;
  std::atomic<bool> sleeping{false};
};

}  // namespace coil::detail
