// Queue: values from task to task, never more than its bound.
#pragma once

#include <coil/runtime/semaphore.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

namespace coil {

// Queue<T>: first in, first out; a full one makes producers wait, an empty one consumers.
//
// Example (tests/examples/sync_example.cpp, "queue"):
//
//   Queue<std::string> lines(16);
//   co_await lines.push("hello");
//   std::optional<std::string> line = co_await lines.pop();   // Nothing when closed and empty.
//
// Guarantees:   Values come out once and in order. After close() nothing goes in, and what is
//               inside still comes out.
// Errors:       push throws HandleClosed after close().
// Cancellation: Cancellable; if cancelled, nothing was transferred.
// Threads:      Reactor thread only.
template <class T>
class Queue {
 public:
  // Requires: `size_max` is at least 1.
  explicit Queue(std::size_t size_max) : places_(size_max), values_(0) {}

  std::size_t size() const noexcept { return items_.size(); }
  bool closed() const noexcept { return closed_; }

  Task<void> push(T value) {
    require_open();
    co_await places_.acquire();
    if (closed_) {
      places_.release();
      require_open();
    }
    put(std::move(value));
  }
  // False, and nothing put in, if it is full or closed.
  bool try_push(T value) {
    if (closed_ || !places_.try_acquire()) return false;
    put(std::move(value));
    return true;
  }
  Task<std::optional<T>> pop() {
    co_await values_.acquire();
    co_return take();
  }
  // Nothing if it is empty.
  std::optional<T> try_pop() {
    if (items_.empty() || !values_.try_acquire()) return std::nullopt;
    return take();
  }
  // Wakes everybody who waits.
  void close() noexcept {
    if (std::exchange(closed_, true)) return;
    values_.release();
    places_.release();
  }

 private:
  void require_open() const {
    if (closed_) throw HandleClosed(make_error_code(Errc::handle_closed), "Queue::push");
  }
  void put(T value) {
    items_.push_back(std::move(value));
    values_.release();
  }
  // The one permit beyond the values, which close() adds, passes from waiter to waiter.
  std::optional<T> take() {
    if (items_.empty()) {
      values_.release();
      return std::nullopt;
    }
    std::optional<T> value(std::move(items_.front()));
    items_.pop_front();
    places_.release();
    return value;
  }

  std::deque<T> items_;
  Semaphore places_;
  Semaphore values_;
  bool closed_ = false;
};

}  // namespace coil
