// Several reactor threads as one: made together, stopped together.
#include <coil/threads/reactor_group.h>

#include <coil/runtime/as_result.h>
#include <coil/runtime/detail/thread_calls.h>

#include <mutex>

namespace coil {

// What the threads of a group know of each other. The loops are all there before the first thread
// begins, and stay what they are.
class ReactorGroup::Shared {
 public:
  explicit Shared(std::size_t size) : loops(size) {}

  void failed(const Failure& failure) {
    {
      const std::lock_guard lock(mutex_);
      if (first_) return;
      first_ = failure;
    }
    for (const auto& loop : loops) loop->stop();
  }
  Failure first() const {
    const std::lock_guard lock(mutex_);
    return first_;
  }

  std::vector<std::shared_ptr<detail::RemoteLoop>> loops;

 private:
  mutable std::mutex mutex_;
  Failure first_;
};

ReactorGroup::ReactorGroup(ReactorGroupOptions options) {
  if (options.size == 0) options.size = detail::usable_cores();
  shared_ = std::make_shared<Shared>(options.size);
  for (auto& loop : shared_->loops) {
    auto failed = [weak = std::weak_ptr<Shared>(shared_)](const Failure& failure) {
      if (const auto shared = weak.lock()) shared->failed(failure);
    };
    loop = std::make_shared<detail::RemoteLoop>(std::move(failed));
  }
  threads_.reserve(options.size);
  for (std::size_t index = 0; index < options.size; ++index) {
    ReactorThreadOptions each;
    each.set_name(options.name + "-" + std::to_string(index));
    each.set_reactor(options.reactor).set_make(options.make);
    if (options.pinned) each.set_core(static_cast<unsigned>(index));
    threads_.push_back(ReactorThread(std::move(each), shared_->loops[index]));
  }
}

ReactorGroup::ReactorGroup(ReactorGroup&&) noexcept = default;

// All are asked before the first is waited for.
ReactorGroup::~ReactorGroup() { stop(); }

void ReactorGroup::stop() noexcept {
  for (ReactorThread& thread : threads_) thread.stop();
}

void ReactorGroup::force_stop() noexcept {
  for (ReactorThread& thread : threads_) thread.force_stop();
}

void ReactorGroup::join() {
  Failure told;  // The group knows which one was the first.
  for (ReactorThread& thread : threads_) {
    try {
      thread.join();
    } catch (...) {
      told = Failure::current();
    }
  }
  give_failure();
}

Task<void> ReactorGroup::wait() {
  for (const ReactorThread& thread : threads_) {
    static_cast<void>(co_await as_result(thread.wait()));  // The group knows the first failure.
  }
  give_failure();
}

Failure ReactorGroup::failure() const { return shared_->first(); }

void ReactorGroup::give_failure() const {
  const Failure first = shared_->first();
  if (first) first.raiseException();
}

}  // namespace coil
