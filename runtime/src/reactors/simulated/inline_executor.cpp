// Blocking work without threads: in the order and at the moments that the seed draws.
#include "inline_executor.h"

#include <coil/runtime/stop_report.h>

#include <chrono>
#include <string>
#include <utility>

namespace coil::detail {

namespace {

// How long a piece of work may take to begin, so that others come before it and between.
constexpr std::uint64_t latency_max_us = 100;

}  // namespace

void InlineExecutor::install() {
  link_ = LoopLink::of(reactor_);
  reactor_.install<BlockingExecutor>(shared_from_this());
  reactor_.install<OutsideWork>(shared_from_this());
  // As a pool of threads, it ends its queue in this phase.
  reactor_.addSystemEventTrigger(Phase::during, "shutdown", [this] {
    turns_without_ = reactor_.counters().turns;
    drop_all();
  });
}

void InlineExecutor::adjustPoolsize(unsigned min, unsigned max) {
  check_sizes(min, max);
  std::size_t held_back = 0;
  {
    const ThreadLock lock(mutex_);
    if (max_ == 0 && max != 0) held_back = waiting_;
    min_ = min;
    max_ = max;
  }
  for (; held_back != 0; --held_back) schedule_one();
}

unsigned InlineExecutor::min() const noexcept {
  const ThreadLock lock(mutex_);
  return min_;
}

unsigned InlineExecutor::max() const noexcept {
  const ThreadLock lock(mutex_);
  return max_;
}

void InlineExecutor::submit(BlockingWork& work) noexcept {
  bool refused = false;
  {
    const ThreadLock lock(mutex_);
    refused = closed_;
    if (!refused) {
      queue_.push_back(work);
      ++waiting_;
      work.enqueued(*this);
    }
  }
  if (refused) {
    work.drop(make_error_code(Errc::reactor_stopped));
  } else {
    schedule_one();
  }
}

bool InlineExecutor::withdraw(BlockingWork& work) noexcept {
  const ThreadLock lock(mutex_);
  if (!work.waits()) return false;
  work.dequeued();
  work.unlink();
  --waiting_;
  return true;
}

void InlineExecutor::schedule_one() {
  if (reactor_.isInIOThread()) {
    schedule_here();
  } else {
    link_->post([self = shared_from_this()] { self->schedule_here(); });
  }
}

void InlineExecutor::schedule_here() {
  const auto delay = std::chrono::microseconds(random_.below(latency_max_us));
  timeline_.add(timeline_.now() + delay, [weak = weak_from_this()] {
    if (const std::shared_ptr<InlineExecutor> self = weak.lock()) self->run_one();
  });
}

// Work that was withdrawn leaves its moment behind, in which nothing happens.
void InlineExecutor::run_one() {
  BlockingWork* chosen = nullptr;
  {
    const ThreadLock lock(mutex_);
    if (waiting_ == 0 || max_ == 0) return;
    chosen = queue_.first();
    for (std::uint64_t skip = random_.below(waiting_); skip != 0; --skip) {
      chosen = queue_.after(*chosen);
    }
    chosen->unlink();
    --waiting_;
    chosen->dequeued();
  }
  const std::source_location site = chosen->site();
  try {
    chosen->work();
  } catch (...) {
    reactor_.log(escaped_from(site));
  }
  ran_();
}

// Before the first turn, and after the last, nothing has begun, and nothing shall.
bool InlineExecutor::idle() noexcept {
  const ThreadLock lock(mutex_);
  return waiting_ == 0 || max_ == 0 || reactor_.counters().turns == turns_without_;
}

// Nothing ever blocks here: what a stop has no time for is what has not begun.
void InlineExecutor::leave(StopReport&) noexcept { drop_all(); }

void InlineExecutor::drop_all() noexcept {
  for (;;) {
    BlockingWork* work = nullptr;
    {
      const ThreadLock lock(mutex_);
      work = queue_.pop_front();
      if (work == nullptr) return;
      --waiting_;
      work->dequeued();
    }
    work->drop(make_error_code(Errc::reactor_stopped));
  }
}

void InlineExecutor::close() noexcept {
  {
    const ThreadLock lock(mutex_);
    closed_ = true;
  }
  drop_all();
}

}  // namespace coil::detail
