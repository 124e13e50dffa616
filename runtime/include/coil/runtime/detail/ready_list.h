// Who is to be resumed next: tasks that wait no more, and strands that have not begun.
#pragma once

#include <coil/runtime/detail/intrusive_list.h>

#include <cstdint>

namespace coil::detail {

// First in, first out, linked one way through hooks that are in no other list meanwhile. The lowest
// bit of a link tells the two kinds apart.
class ReadyList {
 public:
  // One entry; none at the end of the list.
  class Entry {
   public:
    explicit Entry(ListHook* link) noexcept : link_(link) {}
    explicit operator bool() const noexcept { return link_ != nullptr; }
    bool is_start() const noexcept { return (bits(link_) & start_bit) != 0; }
    // Requires: Of that kind.
    ListHook& suspension() const noexcept { return *link_; }
    ListHook& start() const noexcept { return *at(bits(link_) - start_bit); }

   private:
    ListHook* link_;
  };

  ReadyList() noexcept {}
  ReadyList(const ReadyList&) = delete;
  ReadyList& operator=(const ReadyList&) = delete;

  bool empty() const noexcept { return first_ == nullptr; }
  void push_suspension(ListHook& hook) noexcept { append(hook, &hook); }
  void push_start(ListHook& hook) noexcept { append(hook, at(bits(&hook) + start_bit)); }
  Entry pop() noexcept {
    ListHook* first = first_;
    if (first == nullptr) return Entry(nullptr);
    first_ = at(bits(first) & ~start_bit)->next_;
    if (first_ == nullptr) last_ = &first_;
    return Entry(first);
  }

 private:
  static constexpr std::uintptr_t start_bit = 1;

  static std::uintptr_t bits(ListHook* link) noexcept {
    return reinterpret_cast<std::uintptr_t>(link);
  }
  static ListHook* at(std::uintptr_t bits) noexcept { return reinterpret_cast<ListHook*>(bits); }
  void append(ListHook& hook, ListHook* link) noexcept {
    hook.next_ = nullptr;
    *last_ = link;
    last_ = &hook.next_;
  }

  ListHook* first_ = nullptr;
  ListHook** last_ = &first_;
};

}  // namespace coil::detail
