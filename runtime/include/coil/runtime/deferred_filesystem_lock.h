// DeferredFilesystemLock: one process at a time, by a link in the file system.
#pragma once

#include <coil/runtime/deferred.h>
#include <coil/runtime/reactor_time.h>

#include <filesystem>
#include <memory>
#include <optional>

namespace coil {

// DeferredFilesystemLock: a lock that is a symbolic link to its owner's process number.
//
// Example (tests/examples/deferred_lock_example.cpp, "filesystem lock"):
//
//   DeferredFilesystemLock lock(reactor, directory / "spool.lock");
//   co_await lock.deferUntilLocked(std::chrono::seconds(10));
//   write_spool();
//   lock.unlock();
//
// Requires:     The clock outlives it. Every process that shares it sees the same process numbers.
// Guarantees:   A lock whose owner has died is taken over, by one process only. Destroying it gives
//               the lock back and cancels who waits for it.
// Errors:       TimedOut when the time has passed; AlreadyTryingToLockError while somebody waits on
//               this object already; SystemError when the link cannot be made, or is none;
//               std::logic_error for unlock() of what this process does not hold.
// Cancellation: Cancellable; if cancelled, nothing was transferred.
// Source:       Twisted's defer.DeferredFilesystemLock and lockfile.FilesystemLock.
class DeferredFilesystemLock {
 public:
  DeferredFilesystemLock(ReactorTime& time, std::filesystem::path name);
  DeferredFilesystemLock(const DeferredFilesystemLock&) = delete;
  DeferredFilesystemLock& operator=(const DeferredFilesystemLock&) = delete;
  ~DeferredFilesystemLock();

  // Tries at once, and then again and again; fires when it is locked.
  Deferred<void> deferUntilLocked(std::optional<Duration> timeout = std::nullopt);
  // Tries once. False if somebody else holds it, or this object does.
  bool lock();
  void unlock();

  bool locked() const noexcept;
  // False if the owner before had died without giving it back.
  bool clean() const noexcept;
  // The time between two tries; one second unless set.
  void set_interval(Duration interval) noexcept;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace coil
