// Who is to be resumed next: tasks that wait no more, and strands that have not begun.
#pragma once

#include <coil/runtime/detail/intrusive_list.h>

#include <cstdint>

namespace coil::detail {

// First in, first out, linked one way through hooks that are in no other list meanwhile. The lowest
// bit of a link tells the two kinds apart.
class ReadyList {
 public:
  ReadyList() noexcept {}
  ReadyList(const ReadyList&) = delete;
  ReadyList& operator=(const ReadyList&) = delete;

  bool empty() const noexcept { return first_ == nullptr; }
  // Whether the first is a strand that begins. Requires: There is a first.
  bool begins_with_start() const noexcept { return (bits(first_) & start_bit) != 0; }

  void push_suspension(ListHook& hook) noexcept { append(hook, &hook); }
  void push_start(ListHook& hook) noexcept { append(hook, at(bits(&hook) + start_bit)); }
  // Requires: The first is of that kind.
  ListHook& pop_suspension() noexcept { return *pop(first_); }
  ListHook& pop_start() noexcept { return *pop(at(bits(first_) - start_bit)); }

 private:
  static constexpr std::uintptr_t start_bit = 1;

  static std::uintptr_t bits(ListHook* link) noexcept {
    return reinterpret_cast<std::uintptr_t>(link);
  }
  static ListHook* at(std::uintptr_t bits) noexcept { return reinterpret_cast<ListHook*>(bits); }
  void append(ListHook& hook, ListHook* link) noexcept {
    hook.next_ = nullptr;
    (empty() ? first_ : *last_) = link;
    last_ = &hook.next_;
  }
  ListHook* pop(ListHook* first) noexcept {
    first_ = first->next_;
    return first;
  }

  ListHook* first_ = nullptr;
  ListHook** last_ = nullptr;  // The last link, unless it is empty.
};

}  // namespace coil::detail
