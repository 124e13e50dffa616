// The select poller: bitmaps of the handles that somebody waits for, as large as they must be.
#include "../backends.h"
#include "../readiness/poller.h"
#include "../readiness/readiness_reactor.h"
#include "../readiness/waker.h"

#include <sys/select.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <vector>

namespace coil::detail {

namespace {

// The kernel takes bitmaps of any length on Linux; only the C library's fd_set is short.
class BitMap {
 public:
  bool test(int bit) const noexcept { return (words_[word(bit)] & mask(bit)) != 0; }
  void set(int bit) noexcept { words_[word(bit)] |= mask(bit); }
  void clear(int bit) noexcept { words_[word(bit)] &= ~mask(bit); }
  void grow(int bits) {
    const std::size_t needed = std::max(word(bits) + 1, sizeof(fd_set) / sizeof(long));
    if (words_.size() < needed) words_.resize(std::max(needed, words_.size() * 2));
  }
  fd_set* native() noexcept { return reinterpret_cast<fd_set*>(words_.data()); }

 private:
  static constexpr int bits_per_word = 8 * static_cast<int>(sizeof(unsigned long));
  static std::size_t word(int bit) noexcept {
    return static_cast<std::size_t>(bit / bits_per_word);
  }
  static unsigned long mask(int bit) noexcept { return 1UL << (bit % bits_per_word); }

  std::vector<unsigned long> words_;
};

class SelectPoller final : public Poller {
 public:
  SelectPoller() { watch_descriptor(waker_.descriptor(), HandleId(), Direction::read); }

  std::string_view name() const noexcept override { return "select"; }
  bool edge_triggered() const noexcept override { return false; }
  void wake() noexcept override { waker_.wake(); }

  int watch(HandleSlot& slot, Direction side) noexcept override {
    slot.backend_registered = true;
    watch_descriptor(slot.native().descriptor(), slot.id(), side);
    return 0;
  }
  void unwatch(HandleSlot& slot, Direction side) noexcept override {
    if (!slot.backend_registered) return;
    (side == Direction::read ? reading_ : writing_).clear(slot.native().descriptor());
  }
  void forget(HandleSlot& slot) noexcept override {
    if (!slot.backend_registered) return;
    slot.backend_registered = false;
    const int fd = slot.native().descriptor();
    reading_.clear(fd);
    writing_.clear(fd);
    ids_[static_cast<std::size_t>(fd)] = HandleId();
  }

  void wait(std::optional<Duration> at_most, ReadinessSink& sink) noexcept override {
    BitMap readable = reading_;
    BitMap writable = writing_;
    timespec limit = {};
    if (at_most) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*at_most);
      limit.tv_sec = seconds.count();
      limit.tv_nsec = (*at_most - seconds).count();
    }
    const int count = ::pselect(highest_ + 1, readable.native(), writable.native(), nullptr,
                                at_most ? &limit : nullptr, nullptr);
    if (count < 0 && errno == EBADF) report_invalid(sink);
    if (count <= 0) return;
    for (int fd = 0; fd <= highest_; ++fd) {
      const bool read = readable.test(fd);
      const bool write = writable.test(fd);
      if (!read && !write) continue;
      if (fd == waker_.descriptor()) {
        waker_.drain();
        continue;
      }
      // select does not tell an end from data; the attempt does.
      Readiness seen;
      seen.id = ids_[static_cast<std::size_t>(fd)];
      seen.read = read;
      seen.write = write;
      sink.on_ready(seen);
    }
  }

 private:
  void watch_descriptor(int fd, HandleId id, Direction side) {
    highest_ = std::max(highest_, fd);
    reading_.grow(fd);
    writing_.grow(fd);
    if (ids_.size() <= static_cast<std::size_t>(fd)) ids_.resize(static_cast<std::size_t>(fd) + 1);
    ids_[static_cast<std::size_t>(fd)] = id;
    (side == Direction::read ? reading_ : writing_).set(fd);
  }

  // One bad descriptor fails the whole call without being named: each is asked by itself.
  void report_invalid(ReadinessSink& sink) noexcept {
    for (int fd = 0; fd <= highest_; ++fd) {
      if (!reading_.test(fd) && !writing_.test(fd)) continue;
      BitMap one;
      one.grow(highest_);
      one.set(fd);
      const timespec now = {};
      if (::pselect(fd + 1, one.native(), nullptr, nullptr, &now, nullptr) >= 0) continue;
      Readiness seen;
      seen.id = ids_[static_cast<std::size_t>(fd)];
      seen.invalid = true;
      sink.on_ready(seen);
    }
  }

  Waker waker_;
  BitMap reading_;
  BitMap writing_;
  std::vector<HandleId> ids_;
  int highest_ = 0;
};

}  // namespace

std::unique_ptr<Reactor> make_select_reactor() {
  return std::make_unique<ReadinessReactor>(std::make_unique<SelectPoller>());
}

}  // namespace coil::detail
