// Timeline: what will happen in a simulation, and when. Included by the simulated reactor.
#pragma once

#include "random.h"

#include <coil/runtime/time_point.h>

#include <absl/functional/any_invocable.h>

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace coil::detail {

// Events in the order of their times; those of one moment come in an order that the seed chooses.
class Timeline {
 public:
  using Event = absl::AnyInvocable<void() &&>;

  explicit Timeline(Random& random) noexcept : random_(random) {}

  TimePoint now() const noexcept { return now_; }
  void move_to(TimePoint time) noexcept { now_ = time; }

  void add(TimePoint when, Event event) {
    events_.emplace(Key(when, random_.next(), ++added_), std::move(event));
  }
  std::optional<TimePoint> next() const noexcept {
    if (events_.empty()) return std::nullopt;
    return events_.begin()->first.when;
  }
  // Runs everything that is due, also what becomes due meanwhile.
  void run_due() {
    while (!events_.empty() && events_.begin()->first.when <= now_) {
      Event event = std::move(events_.begin()->second);
      events_.erase(events_.begin());
      std::move(event)();
    }
  }

 private:
  class Key {
   public:
    Key(TimePoint time, std::uint64_t chance, std::uint64_t number) noexcept
        : when(time), tie(chance), order(number) {}
    friend auto operator<=>(const Key&, const Key&) noexcept = default;

    TimePoint when;
    std::uint64_t tie;
    std::uint64_t order;
  };

  Random& random_;
  std::map<Key, Event> events_;
  TimePoint now_;
  std::uint64_t added_ = 0;
};

}  // namespace coil::detail
