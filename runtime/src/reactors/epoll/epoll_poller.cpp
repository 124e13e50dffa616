// The epoll poller: every handle registered once, edge-triggered, both ways.
#include "../backends.h"
#include "../readiness/poller.h"
#include "../readiness/readiness_reactor.h"
#include "../readiness/waker.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <ctime>
#include <vector>

namespace coil::detail {

namespace {

constexpr std::uint64_t waker_data = 0;  // Generation 0 names no handle.

class EpollPoller final : public Poller {
 public:
  EpollPoller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) throw SystemError(system_error_code(errno), "epoll_create1");
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = waker_data;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, waker_.descriptor(), &event);
  }
  ~EpollPoller() override { ::close(epoll_); }

  std::string_view name() const noexcept override { return "epoll"; }
  bool edge_triggered() const noexcept override { return true; }
  std::optional<NativeHandle> wait_handle() const override { return NativeHandle(epoll_); }
  void wake() noexcept override { waker_.wake(); }

  int watch(HandleSlot& slot, Direction side) noexcept override {
    if (slot.backend_registered) return 0;
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = slot.id().packed();
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, slot.native().descriptor(), &event) != 0) {
      if (errno != EPERM) return errno;
      // A regular file: always ready, as the other pollers say of themselves.
      always_ready_.push_back(
          {.id = slot.id(), .read = side == Direction::read, .write = side == Direction::write});
      return 0;
    }
    slot.backend_registered = true;
    return 0;
  }
  void unwatch(HandleSlot&, Direction) noexcept override {}

  void forget(HandleSlot& slot) noexcept override {
    std::erase_if(always_ready_, [&](const Readiness& entry) { return entry.id == slot.id(); });
    if (!slot.backend_registered) return;
    // Before the close: a duplicate elsewhere would keep the registration alive.
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, slot.native().descriptor(), nullptr);
    slot.backend_registered = false;
  }

  void wait(std::optional<Duration> at_most, ReadinessSink& sink) noexcept override {
    if (!always_ready_.empty()) at_most = Duration::zero();
    std::array<epoll_event, 256> events;
    const int count = wait_for(events.data(), static_cast<int>(events.size()), at_most);
    for (int index = 0; index < count; ++index) {
      const epoll_event& event = events[static_cast<std::size_t>(index)];
      if (event.data.u64 == waker_data) {
        waker_.drain();
        continue;
      }
      Readiness seen;
      seen.id = HandleId::unpack(event.data.u64);
      seen.read = (event.events & EPOLLIN) != 0;
      seen.write = (event.events & EPOLLOUT) != 0;
      seen.hangup = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
      sink.on_ready(seen);
    }
    for (const Readiness& entry : std::exchange(always_ready_, {})) sink.on_ready(entry);
  }

 private:
  int wait_for(epoll_event* events, int size, std::optional<Duration> at_most) noexcept {
#if defined(SYS_epoll_pwait2)
    if (precise_) {
      timespec limit = {};
      if (at_most) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*at_most);
        limit.tv_sec = seconds.count();
        limit.tv_nsec = (*at_most - seconds).count();
      }
      const long count =
          ::syscall(SYS_epoll_pwait2, epoll_, events, size, at_most ? &limit : nullptr, nullptr, 0);
      if (count >= 0 || errno != ENOSYS) return static_cast<int>(count);
      precise_ = false;
    }
#endif
    return ::epoll_wait(epoll_, events, size, milliseconds(at_most));
  }

  // Rounded up: waking before the time would only make the loop turn in vain until it comes.
  static int milliseconds(std::optional<Duration> at_most) noexcept {
    if (!at_most) return -1;
    const auto whole = std::chrono::ceil<std::chrono::milliseconds>(*at_most).count();
    return static_cast<int>(std::min<std::int64_t>(whole, INT_MAX));
  }

  Waker waker_;
  int epoll_;
  bool precise_ = true;
  std::vector<Readiness> always_ready_;  // Waiters on files that epoll refuses.
};

}  // namespace

std::unique_ptr<Reactor> make_epoll_reactor() {
  return std::make_unique<ReadinessReactor>(std::make_unique<EpollPoller>());
}

}  // namespace coil::detail
