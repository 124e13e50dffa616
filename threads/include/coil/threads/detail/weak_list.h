// WeakList: who is to be told something once, and may be gone by then.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace coil::detail {

template <class T>
class WeakList {
 public:
  void add(const std::shared_ptr<T>& one) {
    if (entries_.size() >= sweep_at_) {
      std::erase_if(entries_, [](const auto& entry) { return entry.expired(); });
      sweep_at_ = std::max(sweep_min, 2 * entries_.size());
    }
    entries_.push_back(one);
  }
  // Counts those that have gone and were not swept yet.
  std::size_t size() const noexcept { return entries_.size(); }
  // Calls tell(one) for all that are there, and forgets them.
  template <class F>
  void tell_all(F tell) noexcept {
    for (const std::weak_ptr<T>& entry : std::exchange(entries_, {})) {
      if (const auto one = entry.lock()) tell(*one);
    }
  }

 private:
  static constexpr std::size_t sweep_min = 64;  // So many are worth a sweep.

  std::vector<std::weak_ptr<T>> entries_;
  std::size_t sweep_at_ = sweep_min;
};

}  // namespace coil::detail
