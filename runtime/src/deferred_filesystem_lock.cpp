// DeferredFilesystemLock: trying again until it is locked.
#include "owner_link.h"

#include <coil/runtime/deferred_filesystem_lock.h>

#include <stdexcept>
#include <utility>

namespace coil {

class DeferredFilesystemLock::State final : public std::enable_shared_from_this<State> {
 public:
  State(ReactorTime& time, std::filesystem::path name) : time_(time), name_(std::move(name)) {}

  bool lock();
  void unlock();
  Deferred<void> until_locked(std::optional<Duration> timeout);
  void give_up() noexcept;

  bool locked = false;
  bool clean = true;
  Duration interval = std::chrono::seconds(1);

 private:
  void attempt();

  ReactorTime& time_;
  const std::filesystem::path name_;
  DelayedCall next_;
  std::optional<Deferred<void>> waiting_;  // Until it is fired.
};

bool DeferredFilesystemLock::State::lock() {
  const detail::LinkClaim claim = detail::claim_owner_link(name_);
  if (claim == detail::LinkClaim::held) return false;
  clean = claim == detail::LinkClaim::taken;
  locked = true;
  return true;
}

void DeferredFilesystemLock::State::unlock() {
  if (!locked) throw std::logic_error("unlock: it is not locked");
  detail::remove_owner_link(name_);
  locked = false;
}

Deferred<void> DeferredFilesystemLock::State::until_locked(std::optional<Duration> timeout) {
  if (waiting_) return fail(Failure(AlreadyTryingToLockError("deferUntilLocked: one at a time")));
  auto cancel = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->waiting_.reset();
    self->next_.cancel();
  };
  Deferred<void> deferred{Deferred<void>::Canceller(std::move(cancel))};
  waiting_ = deferred;
  attempt();
  if (timeout && !deferred.called()) deferred.addTimeout(*timeout, time_);
  return deferred;
}

void DeferredFilesystemLock::State::attempt() {
  Failure failure;
  try {
    if (!lock()) {
      next_ = time_.callLater(interval, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->attempt();
      });
      return;
    }
  } catch (...) {
    failure = Failure::current();
  }
  Deferred<void> deferred = *std::exchange(waiting_, std::nullopt);
  if (failure) {
    deferred.errback(std::move(failure));
  } else {
    deferred.callback();
  }
}

void DeferredFilesystemLock::State::give_up() noexcept {
  if (auto waiting = waiting_) waiting->cancel();
  try {
    if (locked) unlock();
  } catch (...) {
    locked = false;  // Somebody removed the link: there is nothing to give back.
  }
}

DeferredFilesystemLock::DeferredFilesystemLock(ReactorTime& time, std::filesystem::path name)
    : state_(std::make_shared<State>(time, std::move(name))) {}
DeferredFilesystemLock::~DeferredFilesystemLock() { state_->give_up(); }

Deferred<void> DeferredFilesystemLock::deferUntilLocked(std::optional<Duration> timeout) {
  return state_->until_locked(timeout);
}
bool DeferredFilesystemLock::lock() { return state_->lock(); }
void DeferredFilesystemLock::unlock() { state_->unlock(); }
bool DeferredFilesystemLock::locked() const noexcept { return state_->locked; }
bool DeferredFilesystemLock::clean() const noexcept { return state_->clean; }
void DeferredFilesystemLock::set_interval(Duration interval) noexcept {
  state_->interval = interval;
}

}  // namespace coil
