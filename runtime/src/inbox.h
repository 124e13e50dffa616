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

  static thread_local constinit Trail mine_;

 private:
  static constexpr unsigned length = 8;

  const InboxNode* last_[length] = {};
  unsigned count_ = 0;
};

inline thread_local constinit Trail Trail::mine_;

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
    node.earlier_ = Trail::mine_.step(node);
    InboxNode* head = head_.load(std::memory_order_relaxed);
    do {
      node.next_ = head;
    } while (!head_.compare_exchange_weak(head, &node, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
  }

  bool empty() const noexcept { return head_.load(std::memory_order_seq_cst) == nullptr; }

  // Delivers what is there now, if anything; a node may be gone when its delivery returns.
  bool deliver_all(Reactor* reactor) noexcept {
    if (head_.load(std::memory_order_relaxed) == nullptr) return false;
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
    return true;
  }

 private:
  std::atomic<InboxNode*> head_{nullptr};
};

// Lets a thread that spins leave its processor's resources to others for a moment.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb");
#endif
}

// The inbox of a loop, and how the loop is woken for it.
class Posted {
 public:
  Posted() noexcept {}
  Posted(const Posted&) = delete;
  Posted& operator=(const Posted&) = delete;

  // True when the loop has to be woken: for the first of a burst only.
  //
  // Threads: Any thread.
  bool push(InboxNode& node) noexcept {
    inbox_.push(node);
    return sleeping_.load(std::memory_order_seq_cst) &&
           sleeping_.exchange(false, std::memory_order_seq_cst);
  }

  bool empty() const noexcept { return inbox_.empty(); }
  void deliver_all(Reactor* reactor) noexcept {
    delivered_ = inbox_.deliver_all(reactor) || delivered_;
  }

  // Announces that the loop may sleep; false when something has come already. In this order: a
  // thread that pushes after the check sees the flag, and wakes the wait.
  bool may_sleep() noexcept {
    if (!inbox_.empty() || more_comes_soon()) return false;
    sleeping_.store(true, std::memory_order_seq_cst);
    return inbox_.empty();
  }
  void awake() noexcept { sleeping_.store(false, std::memory_order_relaxed); }

 private:
  static constexpr int looks = 40;        // One or two microseconds: less than a wake costs.
  static constexpr int patience_max = 4;  // Vain attempts before it stops trying …
  static constexpr unsigned pause = 64;   // … except every so many times.

  // Who has just posted may go on: to be seen at once costs both sides less than a sleep and a
  // wake. Where that does not come true, as on one processor, it is soon left alone.
  bool more_comes_soon() noexcept {
    if (!std::exchange(delivered_, false)) return false;
    if (patience_ == 0 && ++left_out_ % pause != 0) return false;
    for (int look = 0; look != looks; ++look) {
      relax();
      if (inbox_.empty()) continue;
      patience_ = patience_max;
      return true;
    }
    if (patience_ != 0) --patience_;
    return false;
  }

  // Shared with the posting threads …
  alignas(64) Inbox inbox_;
  std::atomic<bool> sleeping_{false};
  // … and the loop's own.
  alignas(64) bool delivered_ = false;  // Since it last thought of sleeping.
  int patience_ = 0;
  unsigned left_out_ = 0;
};

}  // namespace coil::detail
