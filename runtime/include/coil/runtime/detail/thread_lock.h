// The lock of what several threads share: standard parts, with the annotations that clang checks.
//
// Abseil's own mutex is not used: a packaged Abseil is not instrumented, and the thread sanitizer
// then sees no order between two critical sections.
#pragma once

#include <coil/runtime/time_point.h>

#include <absl/base/thread_annotations.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace coil::detail {

class ABSL_LOCKABLE ThreadMutex {
 public:
  ThreadMutex() noexcept {}
  ThreadMutex(const ThreadMutex&) = delete;
  ThreadMutex& operator=(const ThreadMutex&) = delete;

  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

  // Lets others in until `told` is notified, or for no reason.
  void wait(std::condition_variable& told) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    std::unique_lock<std::mutex> held(mutex_, std::adopt_lock);
    told.wait(held);
    held.release();
  }
  // The same until `until` at the latest; false once that has passed.
  bool wait_until(std::condition_variable& told, TimePoint until)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    std::unique_lock<std::mutex> held(mutex_, std::adopt_lock);
    const bool in_time = told.wait_until(held, until) == std::cv_status::no_timeout;
    held.release();
    return in_time;
  }

 private:
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE ThreadLock {
 public:
  explicit ThreadLock(ThreadMutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_.lock();
  }
  ThreadLock(const ThreadLock&) = delete;
  ThreadLock& operator=(const ThreadLock&) = delete;
  ~ThreadLock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  ThreadMutex& mutex_;
};

}  // namespace coil::detail
