// kqueue(2) over epoll and eventfd. One epoll per filter, since to kqueue the two sides of a
// descriptor are events of their own; a third one, the queue's own number, watches those two.
//
// A program that links this is linked with --wrap=close: closing a descriptor removes its events,
// as the manual says, whoever holds a duplicate; closing a queue closes what lies below it.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <set>

// The names that the linker gives to the true function and to this one.
extern "C" int __real_close(int number) noexcept;
extern "C" int __wrap_close(int number) noexcept;

namespace {

#if !defined(EVFILT_USER)
constexpr int EVFILT_USER = -11;
constexpr unsigned NOTE_TRIGGER = 0x01000000;
#endif

constexpr std::size_t queues_max = 1U << 16U;
constexpr time_t limit_seconds_max = 100'000'000;  // Where the BSDs refuse a limit.
constexpr unsigned known_flags = EV_ADD | EV_DELETE | EV_ENABLE | EV_ONESHOT | EV_CLEAR;

// A descriptor of the shim's own.
class Number {
 public:
  explicit Number(int value) noexcept : value_(value) {}
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  ~Number() {
    if (value_ >= 0) __real_close(value_);
  }
  operator int() const noexcept { return value_; }

 private:
  int value_;
};

// The events of one filter: which descriptors, and how each is reported.
class Side {
 public:
  Side(short filter, std::uint32_t events) noexcept : filter_(filter), events_(events) {}
  int number() const noexcept { return epoll_; }

  int change(int ident, unsigned flags) {
    const bool known = knotes_.count(ident) != 0;
    if ((flags & EV_DELETE) != 0) return known ? (forget(ident), 0) : ENOENT;
    if ((flags & EV_ADD) == 0) return known ? 0 : ENOENT;
    epoll_event event = {};
    event.events = events_ | ((flags & EV_CLEAR) != 0 ? std::uint32_t{EPOLLET} : 0U);
    event.data.fd = ident;
    const int operation = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (::epoll_ctl(epoll_, operation, ident, &event) != 0) return errno;
    knotes_[ident] = flags & (EV_CLEAR | EV_ONESHOT);
    return 0;
  }
  void forget(int ident) {
    if (knotes_.erase(ident) != 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, ident, nullptr);
  }

  int collect(struct kevent* into, int room) {
    std::array<epoll_event, 64> seen;
    const int size = std::min(room, static_cast<int>(seen.size()));
    const int count = size == 0 ? 0 : ::epoll_wait(epoll_, seen.data(), size, 0);
    int filled = 0;
    for (int index = 0; index < count; ++index) {
      const epoll_event& event = seen[static_cast<std::size_t>(index)];
      const auto knote = knotes_.find(event.data.fd);
      if (knote == knotes_.end()) continue;
      into[filled] = {};
      into[filled].ident = static_cast<std::uintptr_t>(event.data.fd);
      into[filled].filter = filter_;
      into[filled].flags = static_cast<unsigned short>(
          knote->second | (has_ended(event.events) ? unsigned{EV_EOF} : 0U));
      ++filled;
      if ((knote->second & EV_ONESHOT) != 0) forget(event.data.fd);
    }
    return filled;
  }

 private:
  bool has_ended(std::uint32_t events) const noexcept {
    const std::uint32_t ends = filter_ == EVFILT_READ ? EPOLLRDHUP | EPOLLHUP : EPOLLERR | EPOLLHUP;
    return (events & ends) != 0;
  }

  short filter_;
  std::uint32_t events_;
  Number epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  std::map<int, unsigned> knotes_;
};

class Queue {
 public:
  explicit Queue(int number) noexcept : number_(number) {}
  // False, with errno set, if there was no descriptor for a part of it.
  bool is_whole() noexcept {
    for (const int part : {read_.number(), write_.number(), static_cast<int>(bell_)}) {
      epoll_event event = {};
      event.events = EPOLLIN;
      event.data.fd = part;
      if (part < 0 || ::epoll_ctl(number_, EPOLL_CTL_ADD, part, &event) != 0) return false;
    }
    return true;
  }

  int change(const struct kevent& change) {
    if ((change.flags & ~known_flags) != 0) return EINVAL;
    if (change.filter == EVFILT_USER) return change_bell(change);
    const std::lock_guard lock(mutex_);
    const int ident = static_cast<int>(change.ident);
    if (change.filter == EVFILT_READ) return read_.change(ident, change.flags);
    if (change.filter == EVFILT_WRITE) return write_.change(ident, change.flags);
    return EINVAL;
  }

  int collect(struct kevent* into, int room) {
    int filled = 0;
    std::uint64_t rings = 0;
    if (filled < room && ::read(bell_, &rings, sizeof rings) > 0) {
      into[filled] = {};
      into[filled].filter = static_cast<short>(EVFILT_USER);
      into[filled].flags = EV_CLEAR;
      ++filled;
    }
    const std::lock_guard lock(mutex_);
    filled += read_.collect(into + filled, room - filled);
    return filled + write_.collect(into + filled, room - filled);
  }

  void forget(int ident) {
    const std::lock_guard lock(mutex_);
    read_.forget(ident);
    write_.forget(ident);
  }

 private:
  // Without a lock: also signal handlers trigger it.
  int change_bell(const struct kevent& change) noexcept {
    if (change.ident != 0) return EINVAL;
    if ((change.flags & EV_ADD) != 0) return (change.flags & EV_CLEAR) != 0 ? 0 : EINVAL;
    const std::uint64_t one = 1;
    if ((change.fflags & NOTE_TRIGGER) == 0) return EINVAL;
    return ::write(bell_, &one, sizeof one) < 0 && errno != EAGAIN ? errno : 0;
  }

  int number_;
  std::mutex mutex_;
  Side read_{EVFILT_READ, EPOLLIN | EPOLLRDHUP};
  Side write_{EVFILT_WRITE, EPOLLOUT};
  Number bell_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

std::array<std::atomic<Queue*>, queues_max> queues;  // By number, to be found without a lock.
std::atomic<pid_t> owner{0};                         // No child inherits a queue.
std::mutex numbers_mutex;

std::set<int>& numbers() {
  static auto& all = *new std::set<int>();  // Descriptors are closed to the very end.
  return all;
}

void on_close(int number) {
  if (number < 0 || owner.load() != ::getpid()) return;
  const std::lock_guard lock(numbers_mutex);
  if (numbers().erase(number) != 0) {
    delete queues[static_cast<std::size_t>(number)].exchange(nullptr);
  }
  for (const int other : numbers()) queues[static_cast<std::size_t>(other)].load()->forget(number);
}

timespec left_until(const timespec& end) noexcept {
  timespec now = {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  timespec left = {.tv_sec = end.tv_sec - now.tv_sec, .tv_nsec = end.tv_nsec - now.tv_nsec};
  if (left.tv_nsec < 0) left = {.tv_sec = left.tv_sec - 1, .tv_nsec = left.tv_nsec + 1'000'000'000};
  return left.tv_sec < 0 ? timespec{} : left;
}

int wait_for(int number, Queue& queue, struct kevent* events, int room, const timespec* at_most) {
  timespec end = {};
  if (at_most != nullptr) {
    if (at_most->tv_sec > limit_seconds_max) {
      errno = EINVAL;
      return -1;
    }
    ::clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += at_most->tv_sec + (end.tv_nsec + at_most->tv_nsec) / 1'000'000'000;
    end.tv_nsec = (end.tv_nsec + at_most->tv_nsec) % 1'000'000'000;
  }
  pollfd watched = {.fd = number, .events = POLLIN, .revents = 0};
  for (;;) {
    const timespec left = left_until(end);
    const int ready = ::ppoll(&watched, 1, at_most == nullptr ? nullptr : &left, nullptr);
    if (ready <= 0) return ready;
    if (const int count = queue.collect(events, room)) return count;
  }
}

}  // namespace

int kqueue() noexcept {
  const std::lock_guard lock(numbers_mutex);
  if (owner.exchange(::getpid()) != ::getpid()) numbers().clear();
  const int number = ::epoll_create1(EPOLL_CLOEXEC);
  if (number < 0) return -1;
  auto queue = std::make_unique<Queue>(number);
  if (static_cast<std::size_t>(number) >= queues_max || !queue->is_whole()) {
    queue.reset();
    __real_close(number);
    errno = EMFILE;
    return -1;
  }
  // As the manual has it, the number is inherited by what is executed, unless that is asked for.
  ::fcntl(number, F_SETFD, 0);
  queues[static_cast<std::size_t>(number)] = queue.release();
  numbers().insert(number);
  return number;
}

int kevent(int number, const struct kevent* changes, int changes_size, struct kevent* events,
           int events_size, const timespec* at_most) noexcept {
  Queue* queue = number < 0 ? nullptr : queues[static_cast<std::size_t>(number)].load();
  if (queue == nullptr) {
    errno = EBADF;
    return -1;
  }
  for (int index = 0; index < changes_size; ++index) {
    if (const int error = queue->change(changes[index])) {
      errno = error;
      return -1;
    }
  }
  return events_size == 0 ? 0 : wait_for(number, *queue, events, events_size, at_most);
}

int __wrap_close(int number) noexcept {
  on_close(number);
  return __real_close(number);
}
