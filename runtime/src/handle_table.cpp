// Slots and generations; closing waits for the last completion.
#include <coil/runtime/handle_table.h>

#include <coil/runtime/reactor.h>

#include <span>

namespace coil {

namespace detail {

void InFlight::add_behind(ListHook& head, ListHook& link) noexcept {
  if (head.next_ == nullptr) head.next_ = head.prev_ = &head;
  link.prev_ = head.prev_;
  link.next_ = &head;
  head.prev_->next_ = &link;
  head.prev_ = &link;
}

void InFlight::remove_from_ring(Operation*& first, Operation& op) noexcept {
  ListHook& link = op;
  ListHook* next = link.next_;
  if (first == &op) first = static_cast<Operation*>(next);
  link.unlink();
  if (next->next_ == next) next->next_ = nullptr;  // Alone again.
}

}  // namespace detail

HandleId HandleTable::open(NativeHandle native, HandleKind kind) {
  if (first_free_ == none) {
    chunks_.push_back(std::make_unique<HandleSlot[]>(chunk_size));
    for (std::uint32_t index = count_ + chunk_size; index-- > count_;) {
      HandleSlot& slot = chunks_.back()[index & (chunk_size - 1)];
      slot.index_ = index;
      slot.next_free_ = first_free_;
      first_free_ = index;
    }
    count_ += chunk_size;
  }
  HandleSlot& slot = at(first_free_);
  first_free_ = slot.next_free_;
  slot.native_ = native;
  slot.kind_ = kind;
  slot.open_ = true;
  slot.closing_ = false;
  slot.backend_data_ = {};
  slot.backend_registered = false;
  slot.backend_busy = false;
  // What was just accepted or connected has often something to read already; one attempt tells.
  slot.ready_to_read = true;
  slot.ended = false;
  slot.linger_zero = false;
  slot.watched_for_good = false;
  slot.in_batch = false;
  ++live_;
  return slot.id();
}

void HandleTable::close(HandleId id) noexcept {
  HandleSlot* slot = find(id);
  if (slot == nullptr) return;
  slot->open_ = false;
  // What was written before goes out before. Others may be closed by what that comes to, but this
  // one counts as closing only when its own end is under way.
  if (slot->in_batch) reactor_.submit_queued();
  slot->closing_ = true;
  ++closing_;
  if (slot->kind_ == HandleKind::stream && !slot->unread.empty()) {
    slot->linger_zero = true;  // As the kernel does it: the peer learns that its bytes were lost.
    slot->unread.clear();
  }
  reactor_.drain_handle(*slot);
}

NativeHandle HandleTable::release(HandleId id, std::vector<std::byte>& unread) {
  HandleSlot* slot = find(id);
  if (slot == nullptr) return NativeHandle();
  if (!slot->in_flight.empty()) {
    contract_violation("a handle was released while an operation was in flight on it");
  }
  if (slot->in_batch) reactor_.submit_queued();
  reactor_.quiet(*slot);
  const std::size_t before = unread.size();
  unread.resize(before + slot->unread.size());
  slot->unread.take(std::span(unread).subspan(before));
  reactor_.forget(*slot);
  const NativeHandle native = slot->native_;
  recycle(*slot);
  return native;
}

void HandleTable::finish_close(HandleSlot& slot) noexcept {
  --closing_;
  reactor_.close_native(slot);
  recycle(slot);
}

void HandleTable::recycle(HandleSlot& slot) noexcept {
  slot.unread.clear();
  slot.open_ = false;
  slot.closing_ = false;
  if (++slot.generation_ == 0) slot.generation_ = 1;
  slot.next_free_ = first_free_;
  first_free_ = slot.index_;
  --live_;
}

}  // namespace coil
