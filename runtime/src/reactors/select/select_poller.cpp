// The select poller: bitmaps of the handles that somebody waits for, as large as they must be.
#include "../../native_calls.h"
#include "../backends.h"
#include "../readiness/poller.h"
#include "../readiness/readiness_reactor.h"
#include "../readiness/waker.h"

#include <fcntl.h>
#include <sys/select.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <vector>

namespace coil::detail {

namespace {

using Word = unsigned long;
constexpr std::size_t bits_per_word = 8 * sizeof(Word);

// The kernel takes bitmaps of any length on Linux; only the C library's fd_set is short. Elsewhere
// a handle beyond that is refused like one beyond the limit of the process.
#if defined(__linux__)
constexpr std::size_t numbers_max = SIZE_MAX;
#else
constexpr std::size_t numbers_max = FD_SETSIZE;
#endif

class BitMap {
 public:
  std::size_t words() const noexcept { return words_.size(); }
  Word word(std::size_t index) const noexcept { return words_[index]; }
  void set(std::size_t bit) noexcept { words_[bit / bits_per_word] |= mask(bit); }
  void clear(std::size_t bit) noexcept { words_[bit / bits_per_word] &= ~mask(bit); }
  void resize(std::size_t words) { words_.resize(words); }
  // Takes over the first words of `other`, which is as long as this.
  void copy(const BitMap& other, std::size_t words) noexcept {
    std::copy_n(other.words_.begin(), words, words_.begin());
  }
  fd_set* native() noexcept { return reinterpret_cast<fd_set*>(words_.data()); }

 private:
  static Word mask(std::size_t bit) noexcept { return Word{1} << (bit % bits_per_word); }

  std::vector<Word> words_;
};

class SelectPoller final : public Poller {
 public:
  SelectPoller() {
    if (waker_number() >= numbers_max) throw SystemError(system_error_code(EMFILE), "select");
    watch_number(waker_number(), HandleId(), Direction::read);
  }

  std::string_view name() const noexcept override { return "select"; }
  bool edge_triggered() const noexcept override { return false; }
  void wake() noexcept override { waker_.wake(); }

  int watch(HandleSlot& slot, Direction side) override {
    if (slot.native().descriptor() < 0) return EBADF;
    if (number_of(slot) >= numbers_max) return EMFILE;
    watch_number(number_of(slot), slot.id(), side);
    slot.backend_registered = true;
    return 0;
  }
  void unwatch(HandleSlot& slot, Direction side) noexcept override {
    if (!owns_number(slot)) return;
    (side == Direction::read ? reading_ : writing_).clear(number_of(slot));
  }
  void forget(HandleSlot& slot) noexcept override {
    if (owns_number(slot)) {
      reading_.clear(number_of(slot));
      writing_.clear(number_of(slot));
      ids_[number_of(slot)] = HandleId();
    }
    slot.backend_registered = false;
  }

  void wait(std::optional<Duration> at_most, ReadinessSink& sink) noexcept override {
    while ((reading_.word(used_ - 1) | writing_.word(used_ - 1)) == 0) --used_;
    const std::size_t used = used_;
    readable_.copy(reading_, used);
    writable_.copy(writing_, used);
    const timespec limit = to_timespec(at_most.value_or(Duration::zero()));
    const int count = ::pselect(static_cast<int>(used * bits_per_word), readable_.native(),
                                writable_.native(), nullptr, at_most ? &limit : nullptr, nullptr);
    // One bad descriptor fails the whole call, without being named and with the maps untouched.
    const bool has_invalid = count < 0 && errno == EBADF;
    if (count <= 0 && !has_invalid) return;
    for (std::size_t index = 0; index < used; ++index) {
      Word seen = readable_.word(index) | writable_.word(index);
      for (; seen != 0; seen &= seen - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(seen));
        const Word mask = Word{1} << bit;
        report(index * bits_per_word + bit, (readable_.word(index) & mask) != 0,
               (writable_.word(index) & mask) != 0, has_invalid, sink);
      }
    }
  }

 private:
  static std::size_t number_of(const HandleSlot& slot) noexcept {
    return static_cast<std::size_t>(slot.native().descriptor());
  }
  std::size_t waker_number() const noexcept {
    return static_cast<std::size_t>(waker_.descriptor());
  }
  // False also when a foreign descriptor was closed too early and its number is another's by now.
  bool owns_number(const HandleSlot& slot) const noexcept {
    return slot.backend_registered && ids_[number_of(slot)] == slot.id();
  }

  void report(std::size_t number, bool read, bool write, bool only_invalid,
              ReadinessSink& sink) noexcept {
    Readiness seen;
    seen.id = ids_[number];
    if (only_invalid) {
      if (::fcntl(static_cast<int>(number), F_GETFD) >= 0) return;
      seen.invalid = true;
    } else if (number == waker_number()) {
      waker_.drain();
      return;
    } else {
      // select does not tell an end from data; the attempt does.
      seen.read = read;
      seen.write = write;
    }
    sink.on_ready(seen);
  }

  // All memory is had before anything changes, and none is needed while waiting.
  void watch_number(std::size_t number, HandleId id, Direction side) {
    const std::size_t needed = number / bits_per_word + 1;
    if (reading_.words() < needed) {
      const std::size_t words =
          std::max({needed, reading_.words() * 2, sizeof(fd_set) / sizeof(Word)});
      ids_.resize(words * bits_per_word);
      for (BitMap* map : {&writing_, &readable_, &writable_, &reading_}) map->resize(words);
    }
    used_ = std::max(used_, needed);
    ids_[number] = id;
    (side == Direction::read ? reading_ : writing_).set(number);
  }

  Waker waker_;
  BitMap reading_;  // Who waits.
  BitMap writing_;
  BitMap readable_;  // What the kernel makes of it.
  BitMap writable_;
  std::vector<HandleId> ids_;  // By descriptor number.
  std::size_t used_ = 0;       // Words up to the last one with a bit; the waker's is always set.
};

}  // namespace

std::unique_ptr<Reactor> make_select_reactor() {
  return std::make_unique<ReadinessReactor>(std::make_unique<SelectPoller>());
}

}  // namespace coil::detail
