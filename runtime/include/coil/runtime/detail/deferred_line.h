// A line of Deferreds that wait for their turn. Included by what is built on Deferreds.
#pragma once

#include <coil/runtime/deferred.h>

#include <cstddef>
#include <list>
#include <memory>
#include <utility>

namespace coil::detail {

// First come, first served; cancelling one that waits takes it out of the line. Those who wait when
// the line goes are cancelled.
template <class T>
class DeferredLine {
  using Waiting = std::list<Deferred<T>>;

 public:
  DeferredLine() : waiting_(std::make_shared<Waiting>()) {}
  DeferredLine(const DeferredLine&) = delete;
  DeferredLine& operator=(const DeferredLine&) = delete;
  ~DeferredLine() {
    Waiting left = std::move(*waiting_);
    waiting_.reset();  // The cancellers find no line to leave.
    for (Deferred<T>& deferred : left) deferred.cancel();
  }

  bool empty() const noexcept { return waiting_->empty(); }
  std::size_t size() const noexcept { return waiting_->size(); }

  // Joins at the end of the line.
  Deferred<T> join() {
    const auto place = waiting_->emplace(waiting_->end());
    auto leave = [line = std::weak_ptr<Waiting>(waiting_), place] {
      if (const auto waiting = line.lock()) waiting->erase(place);
    };
    *place = Deferred<T>(typename Deferred<T>::Canceller(std::move(leave)));
    return *place;
  }
  // Takes out the one whose turn it is, which the caller fires. Requires: not empty().
  Deferred<T> next() {
    Deferred<T> first = std::move(waiting_->front());
    waiting_->pop_front();
    return first;
  }

 private:
  std::shared_ptr<Waiting> waiting_;
};

}  // namespace coil::detail
