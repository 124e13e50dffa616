// DeferredQueue: values handed over through Deferreds.
#pragma once

#include <coil/runtime/detail/deferred_line.h>
#include <coil/runtime/error.h>

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace coil {

// DeferredQueue<T>: first in, first out; a coroutine uses Queue instead.
//
// Example (tests/examples/deferred_lock_example.cpp, "queue"):
//
//   DeferredQueue<std::string> lines;
//   lines.get().addCallback([&](std::string line) { show(line); });
//   lines.put("hello");
//
// Guarantees:   A value goes to the one who has waited longest; never lost to one who was
//               cancelled.
// Errors:       QueueOverflow when `size_max` values lie inside; QueueUnderflow when `backlog_max`
//               Deferreds wait. No limit unless given; either may be zero. Those who wait when it
//               is destroyed are cancelled.
// Cancellation: Cancellable; if cancelled, nothing was transferred.
// Source:       Twisted's defer.DeferredQueue.
template <class T>
class DeferredQueue {
 public:
  explicit DeferredQueue(std::optional<std::size_t> size_max = std::nullopt,
                         std::optional<std::size_t> backlog_max = std::nullopt)
      : size_max_(size_max), backlog_max_(backlog_max) {}

  void put(T value) {
    if (!waiting_.empty()) {
      waiting_.next().callback(std::move(value));
      return;
    }
    if (size_max_ && values_.size() >= *size_max_) throw QueueOverflow("put: the queue is full");
    values_.push_back(std::move(value));
  }
  Deferred<T> get() {
    if (!values_.empty()) {
      Deferred<T> first = succeed(std::move(values_.front()));
      values_.pop_front();
      return first;
    }
    if (backlog_max_ && waiting_.size() >= *backlog_max_) {
      throw QueueUnderflow("get: as many as may are waiting already");
    }
    return waiting_.join();
  }

  // Values inside, and Deferreds that wait for one.
  std::size_t size() const noexcept { return values_.size(); }
  std::size_t backlog() const noexcept { return waiting_.size(); }

 private:
  std::optional<std::size_t> size_max_;
  std::optional<std::size_t> backlog_max_;
  std::deque<T> values_;
  detail::DeferredLine<T> waiting_;
};

}  // namespace coil
