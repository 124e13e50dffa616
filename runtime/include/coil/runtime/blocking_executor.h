// BlockingExecutor: runs elsewhere what would hold the loop up, and brings the result home.
#pragma once

#include <coil/runtime/delayed_call.h>
#include <coil/runtime/detail/closure_in_place.h>
#include <coil/runtime/detail/intrusive_list.h>
#include <coil/runtime/log.h>
#include <coil/runtime/result.h>

#include <absl/functional/any_invocable.h>

#include <atomic>
#include <functional>
#include <source_location>
#include <stop_token>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace coil {

class BlockingExecutor;

namespace detail {

struct WorkTag {};
template <class F>
class BlockingCall;

// Work may take a std::stop_token, by which it hears that nobody needs it any more.
template <class F>
inline constexpr bool takes_stop_token = std::is_invocable_v<F&, std::stop_token>;

template <class F, bool with_token = takes_stop_token<F>>
struct WorkResult {
  using type = std::invoke_result_t<F&>;
};
template <class F>
struct WorkResult<F, true> {
  using type = std::invoke_result_t<F&, std::stop_token>;
};
template <class F>
using work_result_t = typename WorkResult<F>::type;

// A site as logs have it: "server.cpp:12".
std::string text_of(std::source_location site);
// What is logged of the exception that is being handled: it escaped from work of that site.
LogRecord escaped_from(std::source_location site);

// Calls `call` and keeps what it gives or throws.
template <class Call>
auto result_of(Call&& call) noexcept -> Result<std::invoke_result_t<Call&>> {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Call&>>) {
      call();
      return Result<>();
    } else {
      return Result<std::invoke_result_t<Call&>>(call());
    }
  } catch (...) {
    return Error(Failure::current());
  }
}

}  // namespace detail

// BlockingWork: one piece of work in the queue of an executor; base of what such a queue holds.
//
// Example (tests/examples/executor_example.cpp, "work"):
//
//   class Once final : public BlockingWork {
//    public:
//     explicit Once(Callback call) : call_(std::move(call)) {}
//     void work() override {
//       const std::unique_ptr<Once> self(this);
//       std::move(call_)();
//     }
//     void drop(std::error_code) noexcept override { delete this; }
//
//    private:
//     Callback call_;
//   };
//
// Guarantees: Exactly one of three things happens to it, once: work(), drop(), or a withdraw() that
//             is true. The executor does not touch it from then on.
class BlockingWork : public detail::TaggedHook<detail::WorkTag> {
 public:
  BlockingWork(const BlockingWork&) = delete;
  BlockingWork& operator=(const BlockingWork&) = delete;

  // Does it. What this throws is logged by the executor.
  virtual void work() = 0;
  // Says instead that it will not be done: the executor was stopped, or got no thread.
  virtual void drop(std::error_code why) noexcept = 0;
  // Takes it back out of the queue, if it has not begun: true, and it never will.
  bool withdraw() noexcept;
  // Where it was asked for.
  std::source_location site() const noexcept { return site_; }

  // --- For executors, under the lock of the queue ---

  void enqueued(BlockingExecutor& queue) noexcept {
    queue_.store(&queue, std::memory_order_release);
  }
  void dequeued() noexcept { queue_.store(nullptr, std::memory_order_release); }
  bool waits() const noexcept { return queue_.load(std::memory_order_acquire) != nullptr; }

 protected:
  explicit BlockingWork(std::source_location site = std::source_location::current()) noexcept
      : site_(site) {}
  ~BlockingWork() = default;

 private:
  std::source_location site_;
  std::atomic<BlockingExecutor*> queue_{nullptr};  // While it waits in one.
};

// BlockingExecutor: where blocking work goes: a pool of threads, or the turn of a simulation.
//
// Whoever has a reactor finds its executor by getThreadPool(reactor), of <coil/threads.h>.
//
// Example (tests/examples/executor_example.cpp, "run"):
//
//   auto work = [] { return std::filesystem::file_size("/proc/self/exe"); };
//   std::uintmax_t size = co_await getThreadPool(reactor)->run(work);
//
// Guarantees: Work never runs inside the call that asks for it. What one thread did before it asked
//             for work is seen by the work, and what the work did is seen by whoever gets its
//             result.
// Threads:    Any thread.
// Source:     Twisted's IThreadPool.
class BlockingExecutor {
 public:
  BlockingExecutor() noexcept {}
  BlockingExecutor(const BlockingExecutor&) = delete;
  BlockingExecutor& operator=(const BlockingExecutor&) = delete;
  virtual ~BlockingExecutor() = default;

  // Awaited: runs work() elsewhere, gives what it returns or throws, and goes on where it awaited.
  //
  // Errors:       What the work throws; ExecutorStopped, or ReactorStopped for the executor of a
  //               reactor, if it was stopped before the work began; SystemError if there is no
  //               thread for it.
  // Cancellation: Cancellable; if cancelled, nothing was transferred. Work that has begun is never
  //               left alone, since it may use what the awaiting frame holds: the await ends with
  //               the work, and gives what that gave. Work that takes a std::stop_token is asked to
  //               end by it; it may throw Cancelled.
  // Threads:      Reactor thread only. Work and result are destroyed there, too.
  // Cost:         No allocation, but for the state of a stop token where one is taken.
  template <class F>
  detail::BlockingCall<std::decay_t<F>> run(
      F&& work, std::source_location site = std::source_location::current()) {
    detail::refuse_closure_in_place<F>();
    return detail::BlockingCall<std::decay_t<F>>(*this, std::forward<F>(work), site);
  }

  // Runs `work`. What it throws is logged; it is destroyed where it ran, or, if the executor is
  // stopped first, by whoever stops it.
  void callInThread(Callback work, std::source_location site = std::source_location::current());
  // Runs `work`, then gives what came of it to `on_result`, a function of a Result, in the same
  // thread; both are destroyed there.
  template <class G, class F>
  void callInThreadWithCallback(G on_result, F work,
                                std::source_location site = std::source_location::current()) {
    auto both = [on_result = std::move(on_result), work = std::move(work)]() mutable {
      on_result(detail::result_of(work));
    };
    callInThread(std::move(both), site);
  }
  // Runs `calls` one after the other, in one thread; one that throws ends the row, and is logged.
  void callMultipleInThread(std::vector<Callback> calls,
                            std::source_location site = std::source_location::current());

  // Sets how many threads there may be.
  //
  // Errors: std::invalid_argument if min is more than max.
  virtual void adjustPoolsize(unsigned min, unsigned max) = 0;
  virtual unsigned min() const noexcept = 0;
  virtual unsigned max() const noexcept = 0;

  // Queues `work`, which is kept until it was done, dropped or withdrawn.
  virtual void submit(BlockingWork& work) noexcept = 0;

 protected:
  friend class BlockingWork;

  // Takes `work` out of the queue if it still waits there.
  virtual bool withdraw(BlockingWork& work) noexcept = 0;
  // Throws what adjustPoolsize does.
  static void check_sizes(unsigned min, unsigned max);
};

inline bool BlockingWork::withdraw() noexcept {
  BlockingExecutor* at = queue_.load(std::memory_order_acquire);
  return at != nullptr && at->withdraw(*this);
}

}  // namespace coil

#include <coil/runtime/detail/blocking_call.h>
