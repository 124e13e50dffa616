// The threads of a pool: when they are made, what they take, when they end.
#include "pool_state.h"

#include <coil/runtime/detail/thread_calls.h>

#include <string>
#include <utility>

namespace coil::detail {

namespace {

// The pool whose work the present thread does.
thread_local constinit const PoolState* own_pool = nullptr;

}  // namespace

PoolState::PoolState(const ThreadPoolOptions& options, std::shared_ptr<LoopLink> home,
                     std::error_code stopped)
    : name_(options.name()),
      log_sink_(options.log_sink()),
      home_(std::move(home)),
      stopped_(stopped),
      min_(options.min()),
      max_(options.max()) {}

void PoolState::start() {
  const ThreadLock lock(mutex_);
  if (phase_ == Phase::started) return;
  if (phase_ != Phase::made) contract_violation("a thread pool was started after it was stopped");
  phase_ = Phase::started;
  if (const std::error_code refused = grow()) throw_error(refused, "a thread for the pool");
}

// In time, the threads do what is queued and retire. After that the queue is dropped, and only
// threads that are at work are left: an idle one is on its way, and is waited for.
PoolState::Sites PoolState::stop(Duration limit) {
  Sites sites;
  Queue dropped;
  Workers retired;
  std::error_code why;
  {
    const ThreadLock lock(mutex_);
    if (phase_ == Phase::stopped) return sites;
    if (own_pool == this) contract_violation("a thread pool was stopped by its own work");
    phase_ = Phase::stopping;
    work_came_.notify_all();
    const TimePoint until = saturating_add(std::chrono::steady_clock::now(), limit);
    bool in_time = true;
    while (!workers_.empty()) {
      if (!in_time) take_queue(dropped);
      if (!in_time && working_ == workers_.size()) break;
      if (!in_time || until == TimePoint::max()) {
        mutex_.wait(retired_one_);
      } else {
        in_time = mutex_.wait_until(retired_one_, until);
      }
    }
    sites = leave_workers();
    take_queue(dropped);
    phase_ = Phase::stopped;
    why = stopped_;
    retired.swap(retired_);
    retired_one_.notify_all();  // Another stop may have waited for those that were left.
  }
  join(retired);
  while (BlockingWork* work = dropped.pop_front()) work->drop(why);
  return sites;
}

void PoolState::take_queue(Queue& into) noexcept {
  queue_.for_each([](BlockingWork& work) { work.dequeued(); });
  into.splice_back(queue_);
  waiting_ = 0;
}

PoolState::Sites PoolState::leave_workers() {
  Sites sites;
  for (Worker& worker : workers_) {
    sites.push_back(worker.site);
    worker.left = true;
    worker.thread.detach();
  }
  left_.splice(left_.end(), workers_);
  working_ = 0;
  return sites;
}

void PoolState::adjust(unsigned min, unsigned max) {
  Workers retired;
  std::error_code refused;
  {
    const ThreadLock lock(mutex_);
    min_ = min;
    max_ = max;
    if (phase_ != Phase::started) return;
    refused = grow();
    work_came_.notify_all();
    retired_one_.notify_all();
    while (phase_ == Phase::started && workers_.size() > max_ && workers_.size() > working_) {
      mutex_.wait(retired_one_);
    }
    retired.swap(retired_);
  }
  join(retired);
  if (refused) throw_error(refused, "a thread for the pool");
}

void PoolState::submit(BlockingWork& work, BlockingExecutor& queue) noexcept {
  const std::source_location site = work.site();
  std::error_code stopped;
  std::error_code refused;
  Workers retired;
  {
    const ThreadLock lock(mutex_);
    if (phase_ == Phase::stopping || phase_ == Phase::stopped) {
      stopped = stopped_;
    } else {
      queue_.push_back(work);
      ++waiting_;
      work.enqueued(queue);
      if (phase_ == Phase::started) refused = grow();
      if (refused && workers_.empty()) {
        work.unlink();
        --waiting_;
        work.dequeued();
      } else {
        refused.clear();  // Those that there are will come to it.
        work_came_.notify_one();
      }
    }
    retired.swap(retired_);
  }
  join(retired);
  if (stopped) work.drop(stopped);
  if (!refused) return;
  log(LogRecord(LogLevel::error,
                "no thread for work of " + text_of(site) + ": " + refused.message()));
  work.drop(refused);
}

bool PoolState::withdraw(BlockingWork& work) noexcept {
  const ThreadLock lock(mutex_);
  if (!work.waits()) return false;
  work.dequeued();
  work.unlink();
  --waiting_;
  tell_if_idle();
  return true;
}

std::error_code PoolState::grow() noexcept {
  try {
    while (workers_.size() < max_ &&
           (workers_.size() < min_ || waiting_ > workers_.size() - working_)) {
      add_thread();
    }
  } catch (const std::system_error& error) {
    return error.code();
  } catch (const std::bad_alloc&) {
    return make_error_code(std::errc::not_enough_memory);
  }
  return std::error_code();
}

// The thread waits for the lock first, and so finds its entry whole.
void PoolState::add_thread() {
  const auto self = workers_.emplace(workers_.end());
  try {
    self->thread = std::thread([pool = shared_from_this(), self, number = threads_made_] {
      name_this_thread(pool->name_ + "-" + std::to_string(number));
      pool->serve(self);
    });
  } catch (...) {
    workers_.erase(self);
    throw;
  }
  ++threads_made_;
}

void PoolState::serve(Workers::iterator self) noexcept {
  own_pool = this;
  mutex_.lock();
  while (BlockingWork* work = next(*self)) {
    mutex_.unlock();
    do_work(*work);
    mutex_.lock();
    if (self->left) {
      mutex_.unlock();
      return;
    }
  }
  retired_.splice(retired_.end(), workers_, self);
  retired_one_.notify_all();
  mutex_.unlock();
}

BlockingWork* PoolState::next(Worker& self) noexcept {
  if (std::exchange(self.working, false)) {
    --working_;
    tell_if_idle();
  }
  for (;;) {
    if (phase_ == Phase::started && workers_.size() > max_) return nullptr;
    if (BlockingWork* work = queue_.pop_front()) {
      --waiting_;
      work->dequeued();
      ++working_;
      self.working = true;
      self.site = work->site();
      return work;
    }
    if (phase_ != Phase::started) return nullptr;
    mutex_.wait(work_came_);
  }
}

void PoolState::do_work(BlockingWork& work) noexcept {
  const std::source_location site = work.site();
  try {
    work.work();
  } catch (...) {
    log(escaped_from(site));
  }
}

void PoolState::log(const LogRecord& record) noexcept {
  if (home_ != nullptr) return home_->log(record);
  try {
    if (log_sink_) return log_sink_(record);
    log_to_standard_error(record);
  } catch (...) {
    log_to_standard_error(LogRecord(LogLevel::error, "a log sink threw an exception"));
  }
}

void PoolState::join(Workers& retired) noexcept {
  for (Worker& worker : retired) worker.thread.join();
  retired.clear();
}

// What nothing would ever do does not hold up a stop: what waits for a start, or for any thread.
bool PoolState::idle() const noexcept {
  const bool never = phase_ == Phase::made || (max_ == 0 && workers_.empty());
  return never || (working_ == 0 && waiting_ == 0);
}

bool PoolState::idle_or_tell() noexcept {
  const ThreadLock lock(mutex_);
  tell_idle_ = !idle();
  return !tell_idle_;
}

void PoolState::tell_if_idle() noexcept {
  if (tell_idle_ && idle() && home_ != nullptr) {
    tell_idle_ = false;
    home_->post([] {});
  }
}

void PoolState::set_stopped(std::error_code why) noexcept {
  const ThreadLock lock(mutex_);
  stopped_ = why;
}

unsigned PoolState::min() const noexcept {
  const ThreadLock lock(mutex_);
  return min_;
}
unsigned PoolState::max() const noexcept {
  const ThreadLock lock(mutex_);
  return max_;
}
std::size_t PoolState::threads() const noexcept {
  const ThreadLock lock(mutex_);
  return workers_.size();
}
std::size_t PoolState::working() const noexcept {
  const ThreadLock lock(mutex_);
  return working_;
}
std::size_t PoolState::waiting() const noexcept {
  const ThreadLock lock(mutex_);
  return waiting_;
}

}  // namespace coil::detail
