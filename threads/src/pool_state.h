// PoolState: what the threads of a pool share. Included by the sources of the pool.
#pragma once

#include <coil/runtime/detail/loop_link.h>
#include <coil/threads/thread_pool.h>

#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <source_location>
#include <system_error>
#include <thread>
#include <vector>

namespace coil::detail {

// Each thread keeps a share of it, so that one that was left to itself may end after the pool.
class PoolState final : public std::enable_shared_from_this<PoolState> {
 public:
  using Sites = std::vector<std::source_location>;

  // What it drops is told `stopped`.
  PoolState(const ThreadPoolOptions& options, std::shared_ptr<LoopLink> home,
            std::error_code stopped);
  PoolState(const PoolState&) = delete;
  PoolState& operator=(const PoolState&) = delete;

  void start();
  Sites stop(Duration limit);
  void adjust(unsigned min, unsigned max);
  void submit(BlockingWork& work, BlockingExecutor& queue) noexcept;
  bool withdraw(BlockingWork& work) noexcept;
  // True if nothing is under way, or nothing may begin; if not, the home's loop is woken when that
  // has changed.
  bool idle_or_tell() noexcept;
  // What it drops from here on is told `why`.
  void set_stopped(std::error_code why) noexcept;

  unsigned min() const noexcept;
  unsigned max() const noexcept;
  std::size_t threads() const noexcept;
  std::size_t working() const noexcept;
  std::size_t waiting() const noexcept;

 private:
  enum class Phase : unsigned char { made, started, stopping, stopped };
  struct Worker {
    std::thread thread;
    std::source_location site;  // Of its work.
    bool working = false;
    bool left = false;  // It works on for a pool that has gone.
  };
  using Workers = std::list<Worker>;
  using Queue = IntrusiveList<BlockingWork, WorkTag>;

  // Makes as many threads as are wanted; the error if the system refused one.
  std::error_code grow() noexcept ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void add_thread() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool idle() const noexcept ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void tell_if_idle() noexcept ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Nobody can withdraw what it takes.
  void take_queue(Queue& into) noexcept ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Sites leave_workers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The life of one thread: to take work, to do it, to retire.
  void serve(Workers::iterator self) noexcept;
  BlockingWork* next(Worker& self) noexcept ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void do_work(BlockingWork& work) noexcept;
  void log(const LogRecord& record) noexcept;
  static void join(Workers& retired) noexcept;

  const std::string name_;
  const LogSink log_sink_;
  const std::shared_ptr<LoopLink> home_;
  mutable ThreadMutex mutex_;
  std::condition_variable work_came_;  // Or a thread shall retire.
  std::condition_variable retired_one_;
  Phase phase_ ABSL_GUARDED_BY(mutex_) = Phase::made;
  std::error_code stopped_ ABSL_GUARDED_BY(mutex_);
  unsigned min_ ABSL_GUARDED_BY(mutex_);
  unsigned max_ ABSL_GUARDED_BY(mutex_);
  unsigned threads_made_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t working_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool tell_idle_ ABSL_GUARDED_BY(mutex_) = false;
  Queue queue_ ABSL_GUARDED_BY(mutex_);
  Workers workers_ ABSL_GUARDED_BY(mutex_);
  Workers retired_ ABSL_GUARDED_BY(mutex_);  // They end now, and are to be joined.
  Workers left_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace coil::detail
