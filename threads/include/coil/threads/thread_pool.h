// ThreadPool: threads for work that blocks; and the one that each reactor lends.
#pragma once

#include <coil/runtime/blocking_executor.h>
#include <coil/runtime/log.h>
#include <coil/runtime/time_point.h>

#include <cstddef>
#include <memory>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace coil {

class Reactor;
class ThreadPoolOptions;

namespace detail {
class PoolState;
class ReactorPool;
}  // namespace detail

// ThreadPool: runs blocking work on threads of its own, in the order in which it was asked for.
//
// A thread is made when work finds none that is free, up to the maximum, and stays until the pool
// is made smaller or stopped. Most programs use the pool that getThreadPool(reactor) gives; one of
// their own keeps a kind of work apart from the rest.
//
// Example (tests/examples/thread_pool_example.cpp, "own pool"):
//
//   ThreadPool pool(ThreadPoolOptions().set_sizes(1, 4).set_name("thumbs"));
//   pool.start();
//   auto work = [&] { return thumbnail_of(picture); };
//   Picture small = co_await pool.run(work);
//
// Requires:   Whoever awaits its work ends before it does. It is neither stopped nor destroyed by
//             its own work.
// Guarantees: What was queued before start() or before stop() is done, once. What comes after
//             stop() is dropped: run() and deferToThreadPool fail with ExecutorStopped,
//             callInThread says nothing. What work throws is logged, and its thread goes on.
// Errors:     SystemError from start and adjustPoolsize if the system gives no thread. A pool that
//             has one goes on with what it has.
// Threads:    Any thread.
// Source:     Twisted's ThreadPool.
class ThreadPool final : public BlockingExecutor {
 public:
  explicit ThreadPool(ThreadPoolOptions options);
  // One whose work may throw into the log of `home`, on its loop.
  ThreadPool(Reactor& home, ThreadPoolOptions options);
  // Stops it, and waits as long as that takes.
  ~ThreadPool() override;

  // Makes the threads that it begins with; what was queued is done from here on.
  void start();
  // Takes no more work, does what is queued, and joins every thread. What has not ended after
  // `limit` is left to itself: what is queued is dropped, and a thread that still works goes on
  // alone until its work ends. Gives where the work that was left had been asked for.
  std::vector<std::source_location> stop(Duration limit = Duration::max());

  // Makes threads up to `min`, or ends idle ones down to `max`: those have gone when it returns.
  // Busy ones end after their work. Before start() it only takes the numbers down.
  void adjustPoolsize(unsigned min, unsigned max) override;
  unsigned min() const noexcept override;
  unsigned max() const noexcept override;

  // How many threads there are, …
  std::size_t threads() const noexcept;
  // … how many of them work, …
  std::size_t working() const noexcept;
  // … and how much work waits for one.
  std::size_t waiting() const noexcept;

  void submit(BlockingWork& work) noexcept override;

 private:
  friend class detail::ReactorPool;

  bool withdraw(BlockingWork& work) noexcept override;

  const std::shared_ptr<detail::PoolState> state_;
};

// ThreadPoolOptions: how many threads a pool has, what they are called, where it logs.
//
// Example (tests/examples/thread_pool_example.cpp, "own pool"):
//
//   ThreadPool pool(ThreadPoolOptions().set_sizes(1, 4).set_name("thumbs"));
class ThreadPoolOptions {
 public:
  ThreadPoolOptions() noexcept {}

  // At least and at most so many threads; 5 and 20 unless set.
  ThreadPoolOptions& set_sizes(unsigned min, unsigned max) {
    min_ = min;
    max_ = max;
    return *this;
  }
  // The threads are called NAME-0, NAME-1 …, cut to what the system allows.
  ThreadPoolOptions& set_name(std::string name) {
    name_ = std::move(name);
    return *this;
  }
  // Called in the pool's threads; standard error unless set. A pool with a home does not use it.
  ThreadPoolOptions& set_log_sink(LogSink sink) {
    log_sink_ = std::move(sink);
    return *this;
  }

  unsigned min() const noexcept { return min_; }
  unsigned max() const noexcept { return max_; }
  const std::string& name() const noexcept { return name_; }
  const LogSink& log_sink() const noexcept { return log_sink_; }

 private:
  unsigned min_ = 5;
  unsigned max_ = 20;
  std::string name_ = "pool";
  LogSink log_sink_;
};

// Gives the executor that the reactor lends: what was installed on it, as a simulation does, or a
// ThreadPool of 0 to 10 threads, made when it is first asked for.
//
// Example (tests/examples/thread_pool_example.cpp, "reactor pool"):
//
//   auto work = [] { return read_whole("/etc/hostname"); };
//   std::string name = co_await getThreadPool(reactor)->run(work);
//
// Guarantees: The pool starts with the first turn of the loop, after startup where there is one. A
//             stop of the reactor waits for its work, within the stop's deadline, while the loop
//             turns; then the pool is stopped and joined in the phase `during shutdown`, or when
//             that is fired without a run, or by the reactor's destructor. Work that blocks beyond
//             the deadline is left to itself, and named in Reactor::last_stop. What nobody could
//             run any more is destroyed, and who waits for it gets ReactorStopped.
// Threads:    Reactor thread only; what it gives may be used by any.
// Source:     Twisted's IReactorThreads.
std::shared_ptr<BlockingExecutor> getThreadPool(Reactor& reactor);

// Runs `work` on the reactor's executor; what it throws is logged.
//
// Threads: Reactor thread only; other threads call the executor's own callInThread.
void callInThread(Reactor& reactor, Callback work,
                  std::source_location site = std::source_location::current());
// Runs `calls` one after the other, in one thread.
void callMultipleInThread(Reactor& reactor, std::vector<Callback> calls,
                          std::source_location site = std::source_location::current());
// Sets how many threads the reactor's pool may have; idle ones beyond that end at once.
void suggestThreadPoolSize(Reactor& reactor, unsigned max);

}  // namespace coil
