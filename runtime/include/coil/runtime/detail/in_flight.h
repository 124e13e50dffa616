// InFlight: the operations that wait on a handle, by direction, oldest first.
#pragma once

#include <coil/runtime/operation.h>

#include <array>
#include <cstddef>

namespace coil::detail {

// Nearly always there is one per direction, which costs one pointer and no link; further ones form
// a ring with it through their hooks.
class InFlight {
 public:
  InFlight() noexcept {}
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  bool empty() const noexcept { return oldest_[0] == nullptr && oldest_[1] == nullptr; }
  // Null if none waits.
  Operation* oldest(Direction side) const noexcept {
    return oldest_[static_cast<std::size_t>(side)];
  }

  void add(Operation& op) noexcept {
    Operation*& first = place(op.direction());
    if (first == nullptr) [[likely]] {
      first = &op;
      static_cast<ListHook&>(op).next_ = nullptr;  // It is alone.
    } else {
      add_behind(*first, op);
    }
  }
  // Whether nothing else of its direction waits. Requires: It waits.
  static bool is_alone(const Operation& op) noexcept {
    return static_cast<const ListHook&>(op).next_ == nullptr;
  }
  void remove(Operation& op) noexcept {
    Operation*& first = place(op.direction());
    if (is_alone(op)) [[likely]] {
      first = nullptr;
    } else {
      remove_from_ring(first, op);
    }
  }

  // Returns the first one of that side for which `test` is true, or nullptr.
  template <class Test>
  Operation* find_if(Direction side, Test test) const noexcept {
    for (Operation* at = oldest(side); at != nullptr; at = after(*at)) {
      if (test(*at)) return at;
    }
    return nullptr;
  }

  // Calls `visit` for each of that side; the visited one may be removed by the call.
  template <class Visit>
  void for_each(Direction side, Visit visit) const {
    for (Operation* at = oldest(side); at != nullptr;) {
      Operation* next = after(*at);
      visit(*at);
      at = next;
    }
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for_each(Direction::read, visit);
    for_each(Direction::write, visit);
  }

 private:
  Operation*& place(Direction side) noexcept { return oldest_[static_cast<std::size_t>(side)]; }
  static void add_behind(ListHook& head, ListHook& link) noexcept;
  static void remove_from_ring(Operation*& first, Operation& op) noexcept;
  Operation* after(Operation& op) const noexcept {
    ListHook* next = static_cast<ListHook&>(op).next_;
    if (next == nullptr || next == oldest(op.direction())) return nullptr;
    return static_cast<Operation*>(next);
  }

  std::array<Operation*, 2> oldest_ = {};
};

}  // namespace coil::detail
