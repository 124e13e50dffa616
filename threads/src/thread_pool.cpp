// The pool as its users see it.
#include <coil/threads/thread_pool.h>

#include "pool_state.h"

#include <utility>

namespace coil {

ThreadPool::ThreadPool(ThreadPoolOptions options)
    : state_(std::make_shared<detail::PoolState>(options, nullptr,
                                                 make_error_code(Errc::executor_stopped))) {
  check_sizes(options.min(), options.max());
}

ThreadPool::ThreadPool(Reactor& home, ThreadPoolOptions options)
    : state_(std::make_shared<detail::PoolState>(options, detail::LoopLink::of(home),
                                                 make_error_code(Errc::executor_stopped))) {
  check_sizes(options.min(), options.max());
}

ThreadPool::~ThreadPool() { state_->stop(Duration::max()); }

void ThreadPool::start() { state_->start(); }
std::vector<std::source_location> ThreadPool::stop(Duration limit) { return state_->stop(limit); }

void ThreadPool::adjustPoolsize(unsigned min, unsigned max) {
  check_sizes(min, max);
  state_->adjust(min, max);
}

unsigned ThreadPool::min() const noexcept { return state_->min(); }
unsigned ThreadPool::max() const noexcept { return state_->max(); }
std::size_t ThreadPool::threads() const noexcept { return state_->threads(); }
std::size_t ThreadPool::working() const noexcept { return state_->working(); }
std::size_t ThreadPool::waiting() const noexcept { return state_->waiting(); }
void ThreadPool::submit(BlockingWork& work) noexcept { state_->submit(work, *this); }
bool ThreadPool::withdraw(BlockingWork& work) noexcept { return state_->withdraw(work); }

}  // namespace coil
