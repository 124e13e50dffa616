// InlineExecutor: blocking work on the turn of a simulation. Included by the simulated reactor.
#pragma once

#include "random.h"
#include "timeline.h"

#include <coil/runtime/blocking_executor.h>
#include <coil/runtime/detail/loop_link.h>
#include <coil/runtime/detail/outside_work.h>
#include <coil/runtime/reactor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace coil::detail {

// Every piece of work gets a moment of its own in the timeline, and there one of those that wait is
// done: which one, the seed decides, as the scheduler of an operating system would. It runs whole,
// on the loop, between two steps of others: work that waits for other work never ends.
//
// Threads: Any thread; what another one asks for is put on the timeline when the loop turns.
class InlineExecutor final : public BlockingExecutor,
                             public OutsideWork,
                             public std::enable_shared_from_this<InlineExecutor> {
 public:
  using Notice = std::function<void()>;

  // `ran` is called after each piece of work.
  InlineExecutor(Reactor& reactor, Random& random, Timeline& timeline, Notice ran) noexcept
      : reactor_(reactor), random_(random), timeline_(timeline), ran_(std::move(ran)) {}

  // Makes a reactor lend it.
  void install();
  // Drops what waits, and whatever still comes: the simulation has ended.
  void close() noexcept;

  void adjustPoolsize(unsigned min, unsigned max) override;
  unsigned min() const noexcept override;
  unsigned max() const noexcept override;
  void submit(BlockingWork& work) noexcept override;
  bool idle() noexcept override;
  void leave(StopReport& report) noexcept override;

 private:
  bool withdraw(BlockingWork& work) noexcept override;
  // Gives a piece of work its moment, from the loop.
  void schedule_one();
  void schedule_here();
  void run_one();
  void drop_all() noexcept;

  Reactor& reactor_;
  Random& random_;
  Timeline& timeline_;
  Notice ran_;
  std::uint64_t turns_without_ = 0;  // The loop's, when it last began to lend this.
  std::shared_ptr<LoopLink> link_;
  mutable ThreadMutex mutex_;
  unsigned min_ ABSL_GUARDED_BY(mutex_) = 0;
  unsigned max_ ABSL_GUARDED_BY(mutex_) = 10;  // Nothing is done while it is 0.
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  IntrusiveList<BlockingWork, WorkTag> queue_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace coil::detail
