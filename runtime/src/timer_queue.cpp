// The timing wheel: placing, spreading, and handing out in order.
#include "timer_queue.h"

#include <coil/runtime/error.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace coil {

void TimerNode::destroyed_while_queued() noexcept {
  contract_violation("a timer was destroyed while it was queued");
}

namespace detail {

namespace {

// So many nodes fit a cache until they are handed out, with what follows them in memory.
constexpr std::uint32_t fired_soon = 1024;
constexpr std::size_t cache_line = 64;

}  // namespace

inline TimePoint TimerQueue::time_of(std::uint64_t ticks) noexcept {
  return TimePoint(Duration(static_cast<std::int64_t>(ticks - (std::uint64_t{1} << 63))));
}

inline bool TimerQueue::earlier(const TimerNode& left, const TimerNode& right) noexcept {
  return left.due != right.due ? left.due < right.due : left.order < right.order;
}

// Merges two sorted lists; `back` is left as it was.
TimerNode* TimerQueue::merged(TimerNode* left, TimerNode* right) noexcept {
  TimerNode* first = nullptr;
  TimerNode** end = &first;
  while (left != nullptr && right != nullptr) {
    TimerNode*& next = earlier(*right, *left) ? right : left;
    *end = next;
    end = &next->next;
    next = next->next;
  }
  *end = left != nullptr ? left : right;
  return first;
}

// A merge sort from below: bin k holds a sorted list of 2^k nodes. `back` is left as it was.
TimerNode* TimerQueue::sorted(TimerNode* list) noexcept {
  std::array<TimerNode*, 48> bins{};
  while (list != nullptr) {
    TimerNode* carry = std::exchange(list, list->next);
    carry->next = nullptr;
    std::size_t bin = 0;
    for (; bins[bin] != nullptr; ++bin) carry = merged(std::exchange(bins[bin], nullptr), carry);
    bins[bin] = carry;
  }
  TimerNode* all = nullptr;
  for (TimerNode* bin : bins) all = merged(bin, all);
  return all;
}

TimerQueue::TimerQueue(TimePoint now) : position_(ticks_of(now)), limit_(ticks_of(now)) {}

inline void TimerQueue::place_in_wheel(TimerNode& node) noexcept {
  const std::uint64_t ticks = ticks_of(node.due);
  const std::uint64_t differs = (ticks ^ position_) | 1;  // The lowest digit at least.
  const unsigned level = static_cast<unsigned>(std::bit_width(differs) - 1) / digit_bits;
  const unsigned index =
      static_cast<unsigned>(ticks >> (level * digit_bits)) & (slots_per_level - 1);
  const unsigned number = level * slots_per_level + index;
  node.place = number;
  push(slots_[number].heads[slot_size_[number]++ & (chains - 1)], node);
  level_used_ |= 1U << level;
  slot_used_[level] |= std::uint64_t{1} << index;
}

void TimerQueue::place_fresh_ones() noexcept {
  for (std::uint32_t at = 0; at != fresh_count_; ++at) place_in_wheel(*fresh_[at]);
  placed_ += std::exchange(fresh_count_, 0);
}

void TimerQueue::remove_from(std::uint32_t place, TimerNode& node) noexcept {
  --placed_;
  if (place >= place_ready) {
    ready_[place - place_ready] = nullptr;
    return;
  }
  unlink(node);
  if (place < slot_total && --slot_size_[place] == 0) forget_slot(place);
}

void TimerQueue::forget_slot(unsigned slot_number) noexcept {
  const unsigned level = slot_number / slots_per_level;
  slot_used_[level] &= ~(std::uint64_t{1} << (slot_number % slots_per_level));
  if (slot_used_[level] == 0) level_used_ &= ~(1U << level);
}

// No slot before the position's own is used, so the first bits are the earliest.
std::optional<TimerQueue::EarliestSlot> TimerQueue::earliest_slot() const noexcept {
  if (level_used_ == 0) return std::nullopt;
  const unsigned level = static_cast<unsigned>(std::countr_zero(level_used_));
  const unsigned index = static_cast<unsigned>(std::countr_zero(slot_used_[level]));
  const unsigned shift = level * digit_bits;
  const unsigned above = shift + digit_bits;
  const std::uint64_t kept = above >= 64 ? 0 : position_ >> above << above;
  return EarliestSlot{level, index, kept | (std::uint64_t{index} << shift)};
}

std::optional<TimePoint> TimerQueue::next_due() {
  if (empty()) return std::nullopt;
  place_fresh_ones();
  std::uint64_t first = UINT64_MAX;
  for (std::uint32_t at = ready_begin_; at != ready_end_; ++at) {
    if (ready_[at] == nullptr) continue;
    first = ticks_of(ready_[at]->due);
    break;
  }
  if (overdue_ != nullptr) first = std::min(first, ticks_of(overdue_->due));
  if (late_ != nullptr) first = std::min(first, late_first_);
  const std::optional<EarliestSlot> slot = earliest_slot();
  if (!slot || slot->start >= first) return time_of(first);
  const unsigned number = slot->level * slots_per_level + slot->index;
  if (slot->level == 0 || slot_size_[number] > sorted_directly) return time_of(slot->start);
  auto see = [&](const TimerNode& node) { first = std::min(first, ticks_of(node.due)); };
  for (TimerNode* head : slots_[number].heads) visit_list(head, see);
  return time_of(first);
}

void TimerQueue::collect(TimePoint now) noexcept {
  place_fresh_ones();
  limit_ = std::max(limit_, ticks_of(now));
  if (level_used_ == 0) position_ = limit_;
  if (late_ == nullptr) return;
  add_overdue(std::exchange(late_, nullptr));
  late_first_ = UINT64_MAX;
}

void TimerQueue::add_overdue(TimerNode* list) noexcept {
  overdue_ = merged(overdue_, sorted(list));
  TimerNode** back = &overdue_;
  for (TimerNode* at = overdue_; at != nullptr; at = at->next) {
    at->place = place_late;
    at->back = std::exchange(back, &at->next);
  }
}

TimerNode* TimerQueue::pop_due() noexcept {
  if (placed_ == 0) return nullptr;
  skip_removed();
  if (ready_begin_ == ready_end_) refill();
  TimerNode* ready = ready_begin_ == ready_end_ ? nullptr : ready_[ready_begin_];
  TimerNode* next = ready;
  if (ready == nullptr || (overdue_ != nullptr && earlier(*overdue_, *ready))) next = overdue_;
  if (next == nullptr) return nullptr;
  if (next == ready) {
    ++ready_begin_;
  } else {
    unlink(*next);
  }
  next->place = TimerNode::not_queued;
  --placed_;
  return next;
}

void TimerQueue::skip_removed() noexcept {
  while (ready_begin_ != ready_end_ && ready_[ready_begin_] == nullptr) ++ready_begin_;
}

// Goes from the earliest slot downwards until there is something to hand out, or nothing is due.
void TimerQueue::refill() noexcept {
  ready_begin_ = ready_end_ = 0;
  while (const std::optional<EarliestSlot> slot = earliest_slot()) {
    if (slot->start > limit_) break;
    const unsigned number = slot->level * slots_per_level + slot->index;
    position_ = std::max(position_, slot->start);
    if (slot_size_[number] <= sorted_directly) {
      take_small(number);
      if (ready_end_ != 0) return;
    } else if (slot->level == 0) {
      take_equal(number);
      return;
    } else {
      spread(number);
    }
  }
  position_ = limit_;  // Nodes stay where they are: their slots lie ahead of it.
}

// Empties a slot and gives its lists.
inline TimerQueue::Slot TimerQueue::take_slot(unsigned slot_number) noexcept {
  slot_size_[slot_number] = 0;
  forget_slot(slot_number);
  return std::exchange(slots_[slot_number], Slot());
}

// Sorts the few nodes of a slot into the batch; those that are not due yet go to lower levels.
void TimerQueue::take_small(unsigned slot_number) noexcept {
  std::array<TimerNode*, sorted_directly> nodes;
  std::size_t count = 0;
  const Slot taken = take_slot(slot_number);
  for (TimerNode* at : taken.heads) {
    for (; at != nullptr; at = at->next) {
      std::size_t index = count++;
      for (; index != 0 && earlier(*at, *nodes[index - 1]); --index) {
        nodes[index] = nodes[index - 1];
      }
      nodes[index] = at;
    }
  }
  for (std::size_t index = 0; index != count; ++index) {
    if (ticks_of(nodes[index]->due) > limit_) {
      place_in_wheel(*nodes[index]);
      continue;
    }
    nodes[index]->place = place_ready + ready_end_;
    ready_[ready_end_++] = nodes[index];
  }
}

// Many nodes of one nanosecond: only their order is left to be found.
void TimerQueue::take_equal(unsigned slot_number) noexcept {
  const Slot taken = take_slot(slot_number);
  for (TimerNode* head : taken.heads) add_overdue(head);
}

// Takes one node of each chain at a time, and fetches the next of all chains before it places
// these: their cache misses overlap.
void TimerQueue::spread(unsigned slot_number) noexcept {
  const bool soon = slot_size_[slot_number] <= fired_soon;
  Slot taken = take_slot(slot_number);
  std::array<TimerNode*, chains> nodes;
  for (;;) {
    std::size_t count = 0;
    for (TimerNode*& head : taken.heads) {
      if (head == nullptr) continue;
      nodes[count++] = head;
      head = head->next;
    }
    if (count == 0) return;
    for (TimerNode* head : taken.heads) __builtin_prefetch(head);
    for (std::size_t index = 0; index != count; ++index) {
      if (soon) __builtin_prefetch(reinterpret_cast<const std::byte*>(nodes[index]) + cache_line);
      place_in_wheel(*nodes[index]);
    }
  }
}

}  // namespace detail
}  // namespace coil
