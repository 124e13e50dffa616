// The lists that the loop uses: doubly linked, intrusive, circular.
#pragma once

#include <cstddef>

namespace coil::detail {

// A link embedded in an element. A linked element must not be destroyed or moved, and only a linked
// one may be unlinked: a hook that is in no list holds nothing that could tell.
class ListHook {
 public:
  ListHook() noexcept {}
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;

  // Takes the element out of whichever list holds it.
  void unlink() noexcept {
    prev_->next_ = next_;
    next_->prev_ = prev_;
  }

 private:
  template <class T, class Tag>
  friend class IntrusiveList;
  friend class InFlight;
  template <class T, class Tag>
  friend class IntrusiveRing;
  friend class ReadyList;

  ListHook* prev_;
  ListHook* next_;
};

// A hook that an element has beside its main one; Tag tells them apart.
template <class Tag>
class TaggedHook : public ListHook {};

struct MainHook {};

template <class T, class Tag>
struct HookOf {
  using type = TaggedHook<Tag>;
};
template <class T>
struct HookOf<T, MainHook> {
  using type = ListHook;
};

// T derives from ListHook (Tag = MainHook) or from TaggedHook<Tag>.
template <class T, class Tag = MainHook>
class IntrusiveList {
 public:
  IntrusiveList() noexcept { reset(); }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const noexcept { return head_.next_ == &head_; }
  T& front() noexcept { return element(*head_.next_); }

  void push_back(T& value) noexcept { insert_before(head_, value); }
  void push_front(T& value) noexcept { insert_before(*head_.next_, value); }

  T* pop_front() noexcept {
    if (empty()) return nullptr;
    T& first = front();
    hook(first).unlink();
    return &first;
  }

  T* first() noexcept { return empty() ? nullptr : &front(); }
  // The element behind `value`, which is in this list; nullptr at the end.
  T* after(T& value) noexcept {
    ListHook* next = hook(value).next_;
    return next == &head_ ? nullptr : &element(*next);
  }

  // Moves every element of `other` behind the ones here.
  void splice_back(IntrusiveList& other) noexcept {
    if (other.empty()) return;
    ListHook* first = other.head_.next_;
    ListHook* last = other.head_.prev_;
    first->prev_ = head_.prev_;
    head_.prev_->next_ = first;
    last->next_ = &head_;
    head_.prev_ = last;
    other.reset();
  }

  // Returns the first element for which `test` is true, or nullptr.
  template <class Test>
  T* find_if(Test test) noexcept {
    for (ListHook* at = head_.next_; at != &head_; at = at->next_) {
      if (test(element(*at))) return &element(*at);
    }
    return nullptr;
  }

  // Calls `visit` for each element; the visited element may be unlinked by the call.
  template <class Visit>
  void for_each(Visit visit) {
    for (ListHook* at = head_.next_; at != &head_;) {
      ListHook* next = at->next_;
      visit(element(*at));
      at = next;
    }
  }

  std::size_t count() const noexcept {
    std::size_t total = 0;
    for (const ListHook* at = head_.next_; at != &head_; at = at->next_) ++total;
    return total;
  }

 private:
  using Hook = typename HookOf<T, Tag>::type;

  static ListHook& hook(T& value) noexcept { return static_cast<Hook&>(value); }
  static T& element(ListHook& hook) noexcept { return static_cast<T&>(static_cast<Hook&>(hook)); }

  void reset() noexcept { head_.prev_ = head_.next_ = &head_; }
  static void insert_before(ListHook& place, T& value) noexcept {
    ListHook& link = hook(value);
    link.prev_ = place.prev_;
    link.next_ = &place;
    place.prev_->next_ = &link;
    place.prev_ = &link;
  }

  ListHook head_;
};

// The same with a head of one pointer, for elements that may each own a list.
template <class T, class Tag>
class IntrusiveRing {
 public:
  IntrusiveRing() noexcept {}
  IntrusiveRing(const IntrusiveRing&) = delete;
  IntrusiveRing& operator=(const IntrusiveRing&) = delete;

  bool empty() const noexcept { return first_ == nullptr; }
  void push_back(T& value) noexcept {
    ListHook& link = hook(value);
    if (first_ == nullptr) {
      link.prev_ = link.next_ = first_ = &link;
      return;
    }
    link.prev_ = first_->prev_;
    link.next_ = first_;
    first_->prev_->next_ = &link;
    first_->prev_ = &link;
  }
  void remove(T& value) noexcept {
    ListHook& link = hook(value);
    if (first_ == &link) first_ = link.next_ == &link ? nullptr : link.next_;
    link.unlink();
  }
  T* first() const noexcept { return first_ == nullptr ? nullptr : &element(*first_); }
  // The element behind `value`, which is in this ring; nullptr at the end.
  T* after(T& value) const noexcept {
    ListHook* next = hook(value).next_;
    return next == first_ ? nullptr : &element(*next);
  }

 private:
  static ListHook& hook(T& value) noexcept { return static_cast<TaggedHook<Tag>&>(value); }
  static T& element(ListHook& hook) noexcept {
    return static_cast<T&>(static_cast<TaggedHook<Tag>&>(hook));
  }

  ListHook* first_ = nullptr;
};

}  // namespace coil::detail
