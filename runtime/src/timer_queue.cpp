// The timing wheel: placing, spreading, and handing out in order.
#include "timer_queue.h"

#include <coil/runtime/error.h>

#include <algorithm>
#include <bit>

namespace coil {

void TimerNode::destroyed_while_queued() noexcept {
  contract_violation("a timer was destroyed while it was queued");
}

namespace detail {

namespace {

constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

}  // namespace

// Flipping the sign bit makes the order of unsigned numbers that of the times.
std::uint64_t TimerQueue::ticks_of(TimePoint time) noexcept {
  return static_cast<std::uint64_t>(time.time_since_epoch().count()) ^ sign_bit;
}
TimePoint TimerQueue::time_of(std::uint64_t ticks) noexcept {
  return TimePoint(Duration(static_cast<std::int64_t>(ticks ^ sign_bit)));
}

// The link is the node's first member, and both are standard layout.
TimerNode* TimerQueue::node_of(Link* link) noexcept { return reinterpret_cast<TimerNode*>(link); }

bool TimerQueue::earlier(const TimerNode& left, const TimerNode& right) noexcept {
  return left.due != right.due ? left.due < right.due : left.order < right.order;
}

void TimerQueue::append(Link& head, TimerNode& node) noexcept {
  node.link.prev = head.prev;
  node.link.next = &head;
  head.prev->next = &node.link;
  head.prev = &node.link;
}

void TimerQueue::unlink(TimerNode& node) noexcept {
  node.link.prev->next = node.link.next;
  node.link.next->prev = node.link.prev;
}

void TimerQueue::splice(Link& into, Link& from) noexcept {
  if (is_empty(from)) return;
  from.next->prev = into.prev;
  from.prev->next = &into;
  into.prev->next = from.next;
  into.prev = from.prev;
  make_empty(from);
}

// Merges two sorted lists; of equal nodes, which there are none, `into` would come first.
void TimerQueue::merge(Link& into, Link& from) noexcept {
  Link* at = into.next;
  while (!is_empty(from)) {
    TimerNode* node = node_of(from.next);
    while (at != &into && !earlier(*node, *node_of(at))) at = at->next;
    if (at == &into) {
      splice(into, from);
      return;
    }
    unlink(*node);
    node->link.prev = at->prev;
    node->link.next = at;
    at->prev->next = &node->link;
    at->prev = &node->link;
  }
}

// A merge sort from below: bin k holds a sorted list of 2^k nodes.
void TimerQueue::sort(Link& head) noexcept {
  std::array<Link, 48> bins;
  for (Link& bin : bins) make_empty(bin);
  while (!is_empty(head)) {
    TimerNode* node = node_of(head.next);
    unlink(*node);
    Link carry;
    make_empty(carry);
    append(carry, *node);
    std::size_t bin = 0;
    for (; !is_empty(bins[bin]); ++bin) {
      merge(bins[bin], carry);
      splice(carry, bins[bin]);
    }
    splice(bins[bin], carry);
  }
  for (Link& bin : bins) merge(head, bin);
}

TimerQueue::TimerQueue(TimePoint now) : position_(ticks_of(now)), limit_(ticks_of(now)) {
  make_empty(late_);
  make_empty(overdue_);
  for (Slot& slot : slots_) {
    for (Link& head : slot.heads) make_empty(head);
  }
}

void TimerQueue::add(TimerNode& node) noexcept {
  node.order = next_order_++;
  ++size_;
  const std::uint64_t ticks = ticks_of(node.due);
  if (ticks <= limit_) {
    node.place = place_late;
    late_first_ = std::min(late_first_, ticks);
    append(late_, node);
  } else {
    place_in_wheel(node);
  }
}

void TimerQueue::place_in_wheel(TimerNode& node) noexcept {
  const std::uint64_t ticks = ticks_of(node.due);
  const std::uint64_t differs = ticks ^ position_;
  const unsigned level =
      differs == 0 ? 0 : static_cast<unsigned>(std::bit_width(differs) - 1) / digit_bits;
  const unsigned index =
      static_cast<unsigned>(ticks >> (level * digit_bits)) & (slots_per_level - 1);
  const unsigned number = level * slots_per_level + index;
  node.place = number;
  append(slots_[number].heads[slot_size_[number]++ & (chains - 1)], node);
  level_used_ |= 1U << level;
  slot_used_[level] |= std::uint64_t{1} << index;
}

void TimerQueue::remove(TimerNode& node) noexcept {
  const std::uint32_t place = node.place;
  node.place = TimerNode::not_queued;
  --size_;
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

std::optional<TimePoint> TimerQueue::next_due() const {
  if (size_ == 0) return std::nullopt;
  std::uint64_t first = UINT64_MAX;
  for (std::uint32_t at = ready_begin_; at != ready_end_; ++at) {
    if (ready_[at] == nullptr) continue;
    first = ticks_of(ready_[at]->due);
    break;
  }
  if (!is_empty(overdue_)) first = std::min(first, ticks_of(node_of(overdue_.next)->due));
  if (!is_empty(late_)) first = std::min(first, late_first_);
  const std::optional<EarliestSlot> slot = earliest_slot();
  if (!slot || slot->start >= first) return time_of(first);
  const unsigned number = slot->level * slots_per_level + slot->index;
  if (slot->level == 0 || slot_size_[number] > sorted_directly) return time_of(slot->start);
  for (const Link& head : slots_[number].heads) {
    auto see = [&](const TimerNode& node) { first = std::min(first, ticks_of(node.due)); };
    visit_list(head, see);
  }
  return time_of(first);
}

void TimerQueue::collect(TimePoint now) noexcept {
  limit_ = std::max(limit_, ticks_of(now));
  if (is_empty(late_)) return;
  sort(late_);
  merge(overdue_, late_);
  late_first_ = UINT64_MAX;
}

TimerNode* TimerQueue::pop_due() noexcept {
  if (size_ == 0) return nullptr;
  skip_removed();
  if (ready_begin_ == ready_end_) refill();
  TimerNode* ready = ready_begin_ == ready_end_ ? nullptr : ready_[ready_begin_];
  TimerNode* overdue = is_empty(overdue_) ? nullptr : node_of(overdue_.next);
  TimerNode* next = ready;
  if (ready == nullptr || (overdue != nullptr && earlier(*overdue, *ready))) next = overdue;
  if (next == nullptr) return nullptr;
  if (next == ready) {
    ++ready_begin_;
  } else {
    unlink(*next);
  }
  next->place = TimerNode::not_queued;
  --size_;
  return next;
}

void TimerQueue::skip_removed() noexcept {
  while (ready_begin_ != ready_end_ && ready_[ready_begin_] == nullptr) ++ready_begin_;
}

// Goes from the earliest slot downwards until there is something to hand out, or nothing is due.
void TimerQueue::refill() noexcept {
  ready_begin_ = ready_end_ = 0;
  while (const std::optional<EarliestSlot> slot = earliest_slot()) {
    if (slot->start > limit_) return;
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
}

TimerNode* TimerQueue::pop_chain(unsigned slot_number, unsigned chain) noexcept {
  Link& head = slots_[slot_number].heads[chain];
  if (is_empty(head)) return nullptr;
  TimerNode* node = node_of(head.next);
  unlink(*node);
  return node;
}

// Sorts the few nodes of a slot into the batch; those that are not due yet go to lower levels.
void TimerQueue::take_small(unsigned slot_number) noexcept {
  std::array<TimerNode*, sorted_directly> nodes;
  std::size_t count = 0;
  for (unsigned chain = 0; chain != chains; ++chain) {
    while (TimerNode* node = pop_chain(slot_number, chain)) nodes[count++] = node;
  }
  slot_size_[slot_number] = 0;
  forget_slot(slot_number);
  std::sort(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(count),
            [](const TimerNode* left, const TimerNode* right) { return earlier(*left, *right); });
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
  Link all;
  make_empty(all);
  for (Link& head : slots_[slot_number].heads) splice(all, head);
  slot_size_[slot_number] = 0;
  forget_slot(slot_number);
  sort(all);
  for (Link* at = all.next; at != &all; at = at->next) node_of(at)->place = place_late;
  merge(overdue_, all);
}

// One node of each chain in turn: their cache misses overlap.
void TimerQueue::spread(unsigned slot_number) noexcept {
  std::uint32_t left = slot_size_[slot_number];
  slot_size_[slot_number] = 0;
  forget_slot(slot_number);
  for (unsigned chain = 0; left != 0; chain = (chain + 1) & (chains - 1)) {
    if (TimerNode* node = pop_chain(slot_number, chain)) {
      place_in_wheel(*node);
      --left;
    }
  }
}

}  // namespace detail
}  // namespace coil
