// Poller: what differs between epoll, poll and select. Included by the readiness reactor.
#pragma once

#include <coil/runtime/handle_table.h>
#include <coil/runtime/native_handle.h>
#include <coil/runtime/time_point.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace coil::detail {

// What a poller saw of one handle. Of a size that makes the next one easy to find.
struct alignas(16) Readiness {
  HandleId id;
  bool read = false;
  bool write = false;
  bool hangup = false;   // Ended or broken: both sides must look, and reads until they see the end.
  bool invalid = false;  // The descriptor was closed behind the reactor's back.
};

// Where a poller puts what it saw, in one wait after the other.
class ReadinessSink {
 public:
  ReadinessSink() noexcept {}
  ReadinessSink(const ReadinessSink&) = delete;
  ReadinessSink& operator=(const ReadinessSink&) = delete;

  void on_ready(const Readiness& seen) noexcept {
    if (count_ == seen_.size() && !make_room()) [[unlikely]] {
      serve_at_once(seen);  // An edge comes once: it must not be lost.
    } else {
      seen_[count_++] = seen;
    }
  }

 protected:
  ~ReadinessSink() = default;

  // The next that nobody has taken yet; false when there is none.
  bool take(Readiness& into) noexcept {
    if (taken_ == count_) {
      taken_ = count_ = 0;
      return false;
    }
    into = seen_[taken_++];
    return true;
  }

 private:
  virtual void serve_at_once(const Readiness& seen) noexcept = 0;
  bool make_room() noexcept;

  std::vector<Readiness> seen_;  // The first `count_` are in use.
  std::size_t count_ = 0;
  std::size_t taken_ = 0;
};

class Poller {
 public:
  virtual ~Poller() = default;

  virtual std::string_view name() const noexcept = 0;
  // Reports a change of a handle once, so that a handle is registered for good; a poller that is
  // not edge-triggered reports a lasting state in every wait, and only where somebody waits.
  virtual bool edge_triggered() const noexcept = 0;
  // Sees to it that changes of the handle are reported; a system error number if it cannot. A
  // foreign handle is looked at anew every time: whoever waits for it may have left something
  // behind.
  //
  // Errors: std::bad_alloc.
  virtual int watch(HandleSlot& slot, Direction side) = 0;
  // The last waiter of that side has gone.
  virtual void unwatch(HandleSlot& slot, Direction side) noexcept = 0;
  virtual void forget(HandleSlot& slot) noexcept = 0;
  // Waits for at most `at_most`, nothing for no limit, and reports what it saw.
  virtual void wait(std::optional<Duration> at_most, ReadinessSink& sink) noexcept = 0;
  virtual void wake() noexcept = 0;
  virtual std::optional<NativeHandle> wait_handle() const { return std::nullopt; }
};

}  // namespace coil::detail
