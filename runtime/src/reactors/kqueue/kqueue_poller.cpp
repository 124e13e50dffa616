// The kqueue poller of macOS and the BSDs: every handle registered once, edge-triggered, both ways.
//
// Only what all of them share is used: whose an event is tells the number, never `udata`; `data`
// and `fflags` are not looked at, since the attempt that follows learns more from the socket.
#include "../../native_calls.h"
#include "../backends.h"
#include "../readiness/poller.h"
#include "../readiness/readiness_reactor.h"
#include "../readiness/waker.h"

#include <fcntl.h>
#include <sys/types.h>

#include <sys/event.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

namespace coil::detail {

namespace {

// NetBSD's are wider than the others', and without a sign.
using Filter = decltype(kevent::filter);
using Flags = decltype(kevent::flags);

// Beyond some years the kernels refuse a limit; a loop that turns once a day harms nobody.
constexpr Duration longest_wait = std::chrono::hours(24);
constexpr Flags once = EV_ADD | EV_ONESHOT;
constexpr Flags for_good = EV_ADD | EV_CLEAR;

Filter filter_of(Direction side) noexcept {
  return side == Direction::read ? EVFILT_READ : EVFILT_WRITE;
}

Direction other(Direction side) noexcept {
  return side == Direction::read ? Direction::write : Direction::read;
}

struct kevent change_of(std::uintptr_t ident, Filter filter, Flags flags) noexcept {
  struct kevent change = {};
  EV_SET(&change, ident, filter, flags, 0, 0, 0);
  return change;
}

// Makes changes without waiting, until one is refused; the system error of that.
template <std::size_t size>
int submit(int queue, const std::array<struct kevent, size>& changes) noexcept {
  return ::kevent(queue, changes.data(), size, nullptr, 0, nullptr) < 0 ? errno : 0;
}

#if defined(EVFILT_USER)
// What ends a wait: an event of the queue itself, which needs no descriptor.
class Bell {
 public:
  int hang(int queue) noexcept {
    queue_ = queue;
    return submit<1>(queue, {change_of(0, EVFILT_USER, for_good)});
  }
  void ring() noexcept {
    struct kevent change = change_of(0, EVFILT_USER, 0);
    change.fflags = NOTE_TRIGGER;
    submit<1>(queue_, {change});
  }
  bool rang(const struct kevent& event) const noexcept { return event.filter == EVFILT_USER; }
  void silence() noexcept {}

 private:
  int queue_ = -1;
};
#else
class Bell {
 public:
  int hang(int queue) noexcept {
    return submit<1>(queue, {change_of(number(), EVFILT_READ, EV_ADD)});
  }
  void ring() noexcept { waker_.wake(); }
  bool rang(const struct kevent& event) const noexcept { return event.ident == number(); }
  void silence() noexcept { waker_.drain(); }

 private:
  std::uintptr_t number() const noexcept {
    return static_cast<std::uintptr_t>(waker_.descriptor());
  }

  Waker waker_;
};
#endif

// A handle of coil's own is registered once, for good. A foreign one is registered for each wait
// and reported once: what its owner left unread gives no edge of its own.
class KqueuePoller final : public Poller {
 public:
  KqueuePoller() : queue_(::kqueue()) {
    if (queue_ < 0) throw SystemError(system_error_code(errno), "kqueue");
    int error = ::fcntl(queue_, F_SETFD, FD_CLOEXEC) == 0 ? 0 : errno;
    if (error == 0) error = bell_.hang(queue_);
    if (error == 0) return;
    ::close(queue_);
    throw SystemError(system_error_code(error), "kevent");
  }
  ~KqueuePoller() override { ::close(queue_); }

  std::string_view name() const noexcept override { return "kqueue"; }
  bool edge_triggered() const noexcept override { return true; }
  std::optional<NativeHandle> wait_handle() const override { return NativeHandle(queue_); }
  void wake() noexcept override { bell_.ring(); }

  int watch(HandleSlot& slot, Direction side) override {
    if (slot.native().descriptor() < 0) return EBADF;
    const std::size_t number = number_of(slot);
    if (slot.backend_registered) {
      if (!owns_number(slot)) return EBADF;
    } else {
      if (owners_.size() <= number) owners_.resize(number + 1);
      if (is_served(number)) return EEXIST;
      if (is_file(slot)) {
        always_ready_.push_back(
            {.id = slot.id(), .read = side == Direction::read, .write = side == Direction::write});
        bell_.ring();  // So that also a loop that turns this one sees that there is work.
        return 0;
      }
    }
    const int error = slot.kind() == HandleKind::foreign ? add(number, side, once)
                                                         : add_for_good(number, side, slot.kind());
    if (error != 0) return error;
    owners_[number].id = slot.id();
    owners_[number].is_foreign = slot.kind() == HandleKind::foreign;
    slot.backend_registered = true;
    return 0;
  }
  // Only a foreign handle comes here.
  void unwatch(HandleSlot& slot, Direction side) noexcept override {
    if (slot.backend_registered && owns_number(slot)) remove(number_of(slot), side);
  }

  // Before the close: a queue that looked the number up later would find another's.
  void forget(HandleSlot& slot) noexcept override {
    std::erase_if(always_ready_, [&](const Readiness& entry) { return entry.id == slot.id(); });
    if (!slot.backend_registered) return;
    slot.backend_registered = false;
    if (!owns_number(slot)) return;
    const std::size_t number = number_of(slot);
    remove(number, Direction::read);
    remove(number, Direction::write);
    owners_[number] = Owner();
  }

  void wait(std::optional<Duration> at_most, ReadinessSink& sink) noexcept override {
    const timespec limit = to_timespec(std::min(at_most.value_or(Duration::zero()), longest_wait));
    std::array<struct kevent, 256> events;
    const int count =
        ::kevent(queue_, nullptr, 0, events.data(), events.size(), at_most ? &limit : nullptr);
    for (int index = 0; index < count; ++index) {
      const struct kevent& event = events[static_cast<std::size_t>(index)];
      if (bell_.rang(event)) {
        bell_.silence();
      } else {
        report(event, sink);
      }
    }
    for (const Readiness& entry : std::exchange(always_ready_, {})) sink.on_ready(entry);
  }

 private:
  // Whose a descriptor number is, and which sides the queue watches.
  struct Owner {
    HandleId id;  // Generation 0 names no handle.
    bool reading = false;
    bool writing = false;
    bool is_foreign = false;

    bool& watches(Direction side) noexcept { return side == Direction::read ? reading : writing; }
  };

  static std::size_t number_of(const HandleSlot& slot) noexcept {
    return static_cast<std::size_t>(slot.native().descriptor());
  }
  // False when a foreign descriptor was closed too early and its number is another handle's, which
  // must not lose its events to the stale one.
  bool owns_number(const HandleSlot& slot) const noexcept {
    return owners_[number_of(slot)].id == slot.id();
  }

  // The queue knows one event for a number and a side: a second handle would take it from the
  // first. What the first one had closed is not there any more, and the number is free.
  bool is_served(std::size_t number) noexcept {
    Owner& owner = owners_[number];
    for (const Direction side : {Direction::read, Direction::write}) {
      const auto ask = change_of(number, filter_of(side), EV_ENABLE);
      if (owner.watches(side) && submit<1>(queue_, {ask}) == 0) return true;
    }
    owner = Owner();
    return false;
  }

  // For a queue a file is ready until its end, for poll and select always. A stream is none.
  static bool is_file(const HandleSlot& slot) noexcept {
    if (slot.kind() != HandleKind::foreign && slot.kind() != HandleKind::pipe) return false;
    struct stat status = {};
    return ::fstat(slot.native().descriptor(), &status) == 0 && S_ISREG(status.st_mode);
  }

  int add(std::size_t number, Direction side, Flags flags) noexcept {
    const int error = submit<1>(queue_, {change_of(number, filter_of(side), flags)});
    if (error == 0) owners_[number].watches(side) = true;
    return error;
  }
  // A pipe has only the side that is waited for, and a listener never writes.
  int add_for_good(std::size_t number, Direction side, HandleKind kind) noexcept {
    if (kind == HandleKind::pipe || kind == HandleKind::listener) {
      return add(number, side, for_good);
    }
    const int error = submit<2>(queue_, {change_of(number, filter_of(side), for_good),
                                         change_of(number, filter_of(other(side)), for_good)});
    owners_[number].reading = owners_[number].writing = true;
    if (error == 0) return 0;
    remove(number, Direction::read);
    remove(number, Direction::write);
    return error;
  }
  void remove(std::size_t number, Direction side) noexcept {
    if (!std::exchange(owners_[number].watches(side), false)) return;
    submit<1>(queue_, {change_of(number, filter_of(side), EV_DELETE)});
  }

  // EV_EOF on the writing side is also what the own half close looks like: the next send tells.
  void report(const struct kevent& event, ReadinessSink& sink) noexcept {
    Owner& owner = owners_[static_cast<std::size_t>(event.ident)];
    Readiness seen;
    seen.id = owner.id;
    seen.read = event.filter == EVFILT_READ;
    seen.write = event.filter == EVFILT_WRITE;
    seen.hangup = seen.read && (event.flags & EV_EOF) != 0;
    if (owner.is_foreign) owner.watches(seen.read ? Direction::read : Direction::write) = false;
    sink.on_ready(seen);
  }

  int queue_;
  Bell bell_;
  std::vector<Owner> owners_;            // By descriptor number.
  std::vector<Readiness> always_ready_;  // Waiters on files.
};

}  // namespace

std::unique_ptr<Reactor> make_kqueue_reactor() {
  return std::make_unique<ReadinessReactor>(std::make_unique<KqueuePoller>());
}

}  // namespace coil::detail
