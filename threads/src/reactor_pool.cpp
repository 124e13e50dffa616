// The pool that a reactor lends: made when it is asked for, and ended with the reactor.
#include <coil/runtime/detail/outside_work.h>
#include <coil/runtime/reactor.h>
#include <coil/threads/thread_pool.h>

#include "pool_state.h"

#include <algorithm>
#include <utility>

namespace coil {

namespace detail {

// What the reactor knows of the pool; its end is that of the pool, whoever still holds that.
class ReactorPool final : public OutsideWork {
 public:
  explicit ReactorPool(std::shared_ptr<ThreadPool> pool) : pool_(std::move(pool)) {
    pool_->state_->set_stopped(make_error_code(Errc::reactor_stopped));
  }
  ~ReactorPool() override { pool_->stop(); }

  bool idle() noexcept override { return pool_->state_->idle_or_tell(); }
  void leave(StopReport& report) noexcept override { end(Duration::zero(), report); }
  // Stops the pool, and tells what had to be left.
  void end(Duration limit, StopReport& report) noexcept {
    for (const std::source_location& site : pool_->stop(limit)) row(site, report).left += 1;
  }
  const std::shared_ptr<ThreadPool>& pool() const noexcept { return pool_; }

 private:
  static StoppedTasks& row(std::source_location site, StopReport& report) {
    for (StoppedTasks& row : report.tasks) {
      if (row.name == name && row.site.line() == site.line() &&
          std::string_view(row.site.file_name()) == site.file_name()) {
        return row;
      }
    }
    StoppedTasks& row = report.tasks.emplace_back();
    row.name = name;
    row.site = site;
    return row;
  }

  static constexpr std::string_view name = "work in a thread";

  const std::shared_ptr<ThreadPool> pool_;
};

namespace {

void end_with(Reactor& reactor, const std::shared_ptr<ReactorPool>& pool) {
  if (reactor.find<BlockingExecutor>() == pool->pool()) {
    reactor.install<BlockingExecutor>(nullptr);
    reactor.install<OutsideWork>(nullptr);
  }
  StopReport report;  // Of what began after the stop had counted.
  pool->end(reactor.stop_deadline(), report);
  for (const StoppedTasks& work : report.tasks) {
    reactor.log(LogRecord(LogLevel::warning, "it did not end with the shutdown: " + work.text()));
  }
}

}  // namespace
}  // namespace detail

std::shared_ptr<BlockingExecutor> getThreadPool(Reactor& reactor) {
  constexpr unsigned most_threads = 10;
  if (std::shared_ptr<BlockingExecutor> lent = reactor.find<BlockingExecutor>()) return lent;
  auto options = ThreadPoolOptions().set_sizes(0, most_threads).set_name("coil");
  auto pool = std::make_shared<ThreadPool>(reactor, std::move(options));
  auto kept = std::make_shared<detail::ReactorPool>(pool);
  if (detail::LoopLink::of(reactor)->closed()) return pool;  // `kept` stops it.
  reactor.install<BlockingExecutor>(pool);
  reactor.install<detail::OutsideWork>(kept);
  const std::weak_ptr<detail::ReactorPool> weak = kept;
  reactor.callFromThread([weak] {
    if (const auto still = weak.lock()) still->pool()->start();
  });
  reactor.addSystemEventTrigger(Phase::during, "shutdown", [&reactor, weak] {
    if (const auto still = weak.lock()) detail::end_with(reactor, still);
  });
  return pool;
}

void callInThread(Reactor& reactor, Callback work, std::source_location site) {
  getThreadPool(reactor)->callInThread(std::move(work), site);
}

void callMultipleInThread(Reactor& reactor, std::vector<Callback> calls,
                          std::source_location site) {
  getThreadPool(reactor)->callMultipleInThread(std::move(calls), site);
}

void suggestThreadPoolSize(Reactor& reactor, unsigned max) {
  const std::shared_ptr<BlockingExecutor> pool = getThreadPool(reactor);
  pool->adjustPoolsize(std::min(pool->min(), max), max);
}

}  // namespace coil
