// TimerQueue: every pending timer of one reactor, in order of time. Included by the reactor core
// and by the clocks for tests.
#pragma once

#include <coil/runtime/time_point.h>
#include <coil/runtime/timer_node.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace coil::detail {

// A hierarchical timing wheel with a resolution of one nanosecond.
//
// A time is read as eleven digits of six bits. A node is kept at the level of the highest digit in
// which its due time differs from the wheel's position, in the slot that this digit numbers. So
// every node of a level is due before every node of the level above, and the earliest slot is found
// with two bit scans. When time reaches a slot, a small one is sorted and handed out, a large one
// is spread over the levels below. That is a radix sort which happens no sooner, and goes no finer,
// than time demands: no tick has to be chosen, and no due time is rounded.
//
// The newest nodes wait in an array of their own until somebody asks what is due next: a timer that
// is removed in the turn that made it never sees the wheel.
//
// Each slot is several lists, filled in turn. Walking one list of a million nodes waits for one
// cache miss after the other; walking several at once overlaps them. The heads of a slot share a
// cache line.
//
// Example:
//
//   queue.collect(now);
//   while (TimerNode* node = queue.pop_due()) node->fire(*node);
//
// Requires:   Nodes leave the queue before it is destroyed. A queue is pinned.
// Guarantees: No member allocates. Time never goes back: an earlier `now` counts as the latest one.
// Cost:       Adding and removing take constant time. A node is moved once per level at most.
class TimerQueue {
 public:
  explicit TimerQueue(TimePoint now);
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue() = default;

  // Queues a node under the due time that it carries, which may be in the past or at any distance.
  void add(TimerNode& node) noexcept;

  // Takes a node out, also when it is already part of the due batch.
  //
  // Requires: The node is in this queue.
  void remove(TimerNode& node) noexcept;

  // Returns the time at which to collect next: when the earliest queued node is due.
  //
  // Guarantees: Never later than that. It is earlier only when that node is one of more than 32 in
  //             a slot that spans several nanoseconds: then it may be the start of that slot, and
  //             collecting at that time splits the slot. Nodes of an unfinished batch count.
  std::optional<TimePoint> next_due();

  // Makes a batch of every node that is due at or before `now`, in order of (due, order).
  //
  // Guarantees: Nodes added afterwards wait for the next batch, even if they are due. What is left
  //             of an earlier batch is merged into this one.
  void collect(TimePoint now) noexcept;

  // Takes the next node of the batch out of the queue; null when the batch is used up.
  TimerNode* pop_due() noexcept;

  // Counts the queued nodes, the batch included.
  std::size_t size() const noexcept { return placed_ + fresh_count_; }
  bool empty() const noexcept { return placed_ == 0 && fresh_count_ == 0; }

  // Calls `visit(TimerNode&)` for every queued node, the batch included, in no particular order.
  //
  // Requires: `visit` neither adds nor removes nodes.
  template <class Visit>
  void for_each(Visit visit) const;

 private:
  static constexpr unsigned digit_bits = 6;
  static constexpr unsigned slots_per_level = 1U << digit_bits;
  static constexpr unsigned levels = 11;  // 11 digits of 6 bits cover every 64-bit time.
  static constexpr unsigned slot_total = levels * slots_per_level;
  static constexpr unsigned chains = 8;            // Lists per slot; a power of two.
  static constexpr unsigned sorted_directly = 32;  // Nodes in a slot that is not spread any more.
  static constexpr unsigned fresh_max = 32;
  static constexpr std::uint32_t place_late = slot_total;
  static constexpr std::uint32_t place_fresh = slot_total + 1;  // Plus the index in fresh_.
  static constexpr std::uint32_t place_ready = place_fresh + fresh_max;  // Likewise, in ready_.

  struct alignas(64) Slot {
    std::array<TimerNode*, chains> heads{};
  };
  struct EarliestSlot {
    unsigned level;
    unsigned index;
    std::uint64_t start;
  };

  static std::uint64_t ticks_of(TimePoint time) noexcept;
  static TimePoint time_of(std::uint64_t ticks) noexcept;
  static bool earlier(const TimerNode& left, const TimerNode& right) noexcept;
  static void push(TimerNode*& head, TimerNode& node) noexcept;
  static void unlink(TimerNode& node) noexcept;
  static TimerNode* sorted(TimerNode* list) noexcept;
  static TimerNode* merged(TimerNode* left, TimerNode* right) noexcept;

  void remove_from(std::uint32_t place, TimerNode& node) noexcept;
  void place_in_wheel(TimerNode& node) noexcept;
  void place_fresh_ones() noexcept;
  std::optional<EarliestSlot> earliest_slot() const noexcept;
  void forget_slot(unsigned slot_number) noexcept;
  void skip_removed() noexcept;
  void refill() noexcept;
  void spread(unsigned slot_number) noexcept;
  void take_small(unsigned slot_number) noexcept;
  void take_equal(unsigned slot_number) noexcept;
  void add_overdue(TimerNode* list) noexcept;
  Slot take_slot(unsigned slot_number) noexcept;

  template <class Visit>
  static void visit_list(TimerNode* first, Visit& visit);

  std::uint64_t position_;  // No node of the wheel is due before it.
  std::uint64_t limit_;     // The latest time collected: what is due by then is in a batch or late.
  std::uint64_t next_order_ = 0;
  std::size_t placed_ = 0;        // Nodes that are not fresh.
  std::uint32_t level_used_ = 0;  // Bit k: level k holds nodes.
  std::uint32_t ready_begin_ = 0;
  std::uint32_t ready_end_ = 0;
  std::uint32_t fresh_count_ = 0;
  std::uint64_t late_first_ = UINT64_MAX;  // No late node is due before it.
  std::array<std::uint64_t, levels>
      slot_used_{};  // Bit s of word k: slot s of level k holds nodes.
  std::array<std::uint32_t, slot_total> slot_size_{};  // Nodes per slot.
  TimerNode* late_ = nullptr;     // Added when already due; they wait for the next batch.
  TimerNode* overdue_ = nullptr;  // The late nodes that belong to the present batch, sorted.
  // Not due when they were added, and not in the wheel yet; in no particular order.
  std::array<TimerNode*, fresh_max> fresh_{};
  std::array<TimerNode*, sorted_directly>
      ready_{};  // The next of the batch; removed ones are null.
  std::array<Slot, slot_total> slots_;
};

// Flipping the sign bit makes the order of unsigned numbers that of the times.
inline std::uint64_t TimerQueue::ticks_of(TimePoint time) noexcept {
  constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;
  return static_cast<std::uint64_t>(time.time_since_epoch().count()) ^ sign_bit;
}

inline void TimerQueue::push(TimerNode*& head, TimerNode& node) noexcept {
  node.next = head;
  node.back = &head;
  if (head != nullptr) head->back = &node.next;
  head = &node;
}

inline void TimerQueue::unlink(TimerNode& node) noexcept {
  *node.back = node.next;
  if (node.next != nullptr) node.next->back = node.back;
}

inline void TimerQueue::add(TimerNode& node) noexcept {
  node.order = next_order_++;
  const std::uint64_t ticks = ticks_of(node.due);
  if (ticks <= limit_) {
    node.place = place_late;
    late_first_ = std::min(late_first_, ticks);
    push(late_, node);
    ++placed_;
    return;
  }
  node.place = place_fresh + fresh_count_;
  fresh_[fresh_count_] = &node;
  if (++fresh_count_ == fresh_max) place_fresh_ones();
}

inline void TimerQueue::remove(TimerNode& node) noexcept {
  const std::uint32_t place = node.place;
  const std::uint32_t index = place - place_fresh;
  if (index < fresh_max) {
    TimerNode& last = *fresh_[--fresh_count_];
    fresh_[index] = &last;
    last.place = place;
  } else {
    remove_from(place, node);
  }
  node.place = TimerNode::not_queued;
}

template <class Visit>
void TimerQueue::visit_list(TimerNode* first, Visit& visit) {
  for (TimerNode* at = first; at != nullptr; at = at->next) visit(*at);
}

template <class Visit>
void TimerQueue::for_each(Visit visit) const {
  for (std::uint32_t at = ready_begin_; at != ready_end_; ++at) {
    if (ready_[at] != nullptr) visit(*ready_[at]);
  }
  visit_list(overdue_, visit);
  visit_list(late_, visit);
  for (std::uint32_t at = 0; at != fresh_count_; ++at) visit(*fresh_[at]);
  for (unsigned number = 0; number != slot_total; ++number) {
    if (slot_size_[number] == 0) continue;
    for (TimerNode* head : slots_[number].heads) visit_list(head, visit);
  }
}

}  // namespace coil::detail
