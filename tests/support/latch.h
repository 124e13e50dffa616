// A std::latch that keeps its wake-ups: libstdc++ 12 loses some of them where there is no futex.
#pragma once

#include <condition_variable>
#include <mutex>

namespace coil::testing {

class Latch {
 public:
  explicit Latch(int count) noexcept : count_(count) {}

  void count_down() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) opened_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return count_ == 0; });
  }
  void arrive_and_wait() {
    count_down();
    wait();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  int count_;
};

}  // namespace coil::testing
