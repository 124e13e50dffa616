// The thread that posts to a loop: bursts, each begun when the loop has done with the one before.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "meter.h"

namespace bench {

// Keeps the calling thread to the first or the last of the processors that the program may use, so
// that loop and poster have one each wherever there are two.
inline void keep_to_processor(bool first) {
  static const cpu_set_t at_start = [] {
    cpu_set_t allowed;
    ::sched_getaffinity(0, sizeof allowed, &allowed);
    return allowed;
  }();
  int chosen = -1;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &at_start) && (chosen < 0 || !first)) chosen = core;
  }
  cpu_set_t mine;
  CPU_ZERO(&mine);
  CPU_SET(chosen, &mine);
  ::pthread_setaffinity_np(::pthread_self(), sizeof mine, &mine);
}

// Poster: prints NAME, from a burst's first post until its last has run, and NAME_side, what the
// posting thread itself spends and allocates; both per post, of the burst in the middle of all.
class Poster {
 public:
  explicit Poster(const char* name) : name_(name), side_name_(std::string(name) + "_side") {
    keep_to_processor(true);
  }

  // On the loop: one post has run, and may be followed by another. Nobody else counts, so that a
  // locked instruction, which waits for all that the loop has written, would measure itself.
  void ran() noexcept {
    ran_.store(ran_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  void end() noexcept { ended_.store(true, std::memory_order_release); }
  bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }

  // On the poster: waits until `burst` more have run.
  void await_ran() {
    awaited_ += burst;
    while (ran_.load(std::memory_order_acquire) != awaited_) std::this_thread::yield();
  }
  // On the poster: every burst, with post(index) for each of its posts.
  template <class Post>
  void run(Post post) {
    using Clock = std::chrono::steady_clock;
    using Nanoseconds = std::chrono::duration<double, std::nano>;
    keep_to_processor(false);
    std::vector<double> all;
    std::vector<double> sides;
    all.reserve(bursts);
    sides.reserve(bursts);
    const std::int64_t before = allocations();
    for (int number = 0; number < bursts; ++number) {
      const Clock::time_point start = Clock::now();
      for (int index = 0; index < burst; ++index) post(index);
      const Clock::time_point posted = Clock::now();
      await_ran();
      all.push_back(Nanoseconds(Clock::now() - start).count() / burst);
      sides.push_back(Nanoseconds(posted - start).count() / burst);
    }
    const auto made = static_cast<double>(allocations() - before) / (bursts * burst);
    print(name_.c_str(), all, made);
    print(side_name_.c_str(), sides, made);
  }

 private:
  static void print(const char* name, std::vector<double>& figures, double made) {
    const auto middle = figures.begin() + static_cast<std::ptrdiff_t>(figures.size() / 2);
    std::nth_element(figures.begin(), middle, figures.end());
    Meter(name).add(*middle, made);
  }

  std::string name_;
  std::string side_name_;
  std::atomic<std::int64_t> ran_{0};
  std::atomic<bool> ended_{false};
  std::int64_t awaited_ = 0;
};

}  // namespace bench
