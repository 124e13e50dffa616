// The epoll poller: every handle registered once, edge-triggered, both ways.
#include "../../native_calls.h"
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
#include <utility>
#include <vector>

namespace coil::detail {

namespace {

constexpr std::uint64_t waker_data = 0;  // Generation 0 names no handle.
constexpr std::uint32_t read_events = EPOLLIN | EPOLLRDHUP;
constexpr std::uint32_t write_events = EPOLLOUT;

constexpr std::uint32_t events_of(Direction side) noexcept {
  return side == Direction::read ? read_events : write_events;
}

// A handle of coil's own is registered once, both ways. A foreign one is registered for the sides
// that are waited for, which its backend_data keeps, and anew by every wait: what its owner left
// unread gives no edge of its own.
class EpollPoller final : public Poller {
 public:
  EpollPoller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) throw SystemError(system_error_code(errno), "epoll_create1");
    if (const int error = control(EPOLL_CTL_ADD, waker_.descriptor(), EPOLLIN, waker_data)) {
      ::close(epoll_);
      throw SystemError(system_error_code(error), "epoll_ctl");
    }
  }
  ~EpollPoller() override { ::close(epoll_); }

  std::string_view name() const noexcept override { return "epoll"; }
  bool edge_triggered() const noexcept override { return true; }
  std::optional<NativeHandle> wait_handle() const override { return NativeHandle(epoll_); }
  void wake() noexcept override { waker_.wake(); }

  int watch(HandleSlot& slot, Direction side) override {
    if (slot.kind() != HandleKind::foreign) {
      return slot.backend_registered ? 0 : add(slot, side, read_events | write_events);
    }
    auto& events = slot.backend_data<std::uint32_t>();
    events |= events_of(side);
    if (!slot.backend_registered) return add(slot, side, events);
    if (!owns_number(slot)) return EBADF;
    const int error =
        control(EPOLL_CTL_MOD, slot.native().descriptor(), events | EPOLLET, slot.id().packed());
    // Closed behind the reactor, which ended the registration, and the number is used again.
    return error == ENOENT ? add(slot, side, events) : error;
  }
  // Only a foreign handle comes here; its next wait tells the kernel.
  void unwatch(HandleSlot& slot, Direction side) noexcept override {
    slot.backend_data<std::uint32_t>() &= ~events_of(side);
  }

  void forget(HandleSlot& slot) noexcept override {
    std::erase_if(always_ready_, [&](const Readiness& entry) { return entry.id == slot.id(); });
    if (!slot.backend_registered) return;
    slot.backend_registered = false;
    if (!owns_number(slot)) return;
    // Before the close: a duplicate elsewhere would keep the registration alive.
    const int fd = slot.native().descriptor();
    control(EPOLL_CTL_DEL, fd, 0, 0);
    owners_[static_cast<std::size_t>(fd)] = HandleId();
  }

  void wait(std::optional<Duration> at_most, ReadinessSink& sink) noexcept override {
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
  int control(int operation, int fd, std::uint32_t events, std::uint64_t data) noexcept {
    epoll_event event = {};
    event.events = events;
    event.data.u64 = data;
    return ::epoll_ctl(epoll_, operation, fd, &event) == 0 ? 0 : errno;
  }

  int add(HandleSlot& slot, Direction side, std::uint32_t events) {
    const int fd = slot.native().descriptor();
    const auto number = static_cast<std::size_t>(fd);
    if (fd >= 0 && owners_.size() <= number) owners_.resize(number + 1);
    const int error = control(EPOLL_CTL_ADD, fd, events | EPOLLET, slot.id().packed());
    if (error == EPERM) {
      // A regular file. Through the waker also a loop that turns this one sees that there is work.
      always_ready_.push_back(
          {.id = slot.id(), .read = side == Direction::read, .write = side == Direction::write});
      waker_.wake();
      return 0;
    }
    if (error != 0) return error;
    owners_[number] = slot.id();
    slot.backend_registered = true;
    return 0;
  }

  // False when a foreign descriptor was closed too early and its number is registered for another
  // handle, which must not lose its events to the stale one.
  bool owns_number(const HandleSlot& slot) const noexcept {
    return owners_[static_cast<std::size_t>(slot.native().descriptor())] == slot.id();
  }

  int wait_for(epoll_event* events, int size, std::optional<Duration> at_most) noexcept {
#if defined(SYS_epoll_pwait2)
    if (precise_) {
      const timespec limit = to_timespec(at_most.value_or(Duration::zero()));
      const long count =
          ::syscall(SYS_epoll_pwait2, epoll_, events, size, at_most ? &limit : nullptr, nullptr, 0);
      if (count >= 0 || errno == EINTR) return static_cast<int>(count);
      // An older kernel, or a sandbox that does not know the call, whatever its answer.
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
  std::vector<HandleId> owners_;         // By descriptor number: whose registration it is.
  std::vector<Readiness> always_ready_;  // Waiters on files that epoll refuses.
};

}  // namespace

std::unique_ptr<Reactor> make_epoll_reactor() {
  return std::make_unique<ReadinessReactor>(std::make_unique<EpollPoller>());
}

}  // namespace coil::detail
