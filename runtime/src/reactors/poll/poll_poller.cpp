// The poll poller: an array of the handles that somebody waits for.
#include "../../native_calls.h"
#include "../backends.h"
#include "../readiness/poller.h"
#include "../readiness/readiness_reactor.h"
#include "../readiness/waker.h"

#include <poll.h>

#include <algorithm>
#include <vector>

namespace coil::detail {

namespace {

// A slot's place in the arrays is kept in its backend_data; the last one fills the place of one
// that leaves, so that the kernel sees nothing but handles that are waited for.
class PollPoller final : public Poller {
 public:
  PollPoller() { append(waker_.descriptor(), nullptr, POLLIN); }

  std::string_view name() const noexcept override { return "poll"; }
  bool edge_triggered() const noexcept override { return false; }
  void wake() noexcept override { waker_.wake(); }

  int watch(HandleSlot& slot, Direction side) override {
    if (slot.backend_registered) {
      short& events = watched_[place_of(slot)].events;
      events = static_cast<short>(events | events_of(side));
      return 0;
    }
    place_of(slot) = watched_.size();
    append(slot.native().descriptor(), &slot, events_of(side));
    slot.backend_registered = true;
    return 0;
  }
  void unwatch(HandleSlot& slot, Direction side) noexcept override {
    if (!slot.backend_registered) return;
    short& events = watched_[place_of(slot)].events;
    events = static_cast<short>(events & ~events_of(side));
    if (events == 0) forget(slot);
  }
  void forget(HandleSlot& slot) noexcept override {
    if (!slot.backend_registered) return;
    slot.backend_registered = false;
    const std::size_t place = place_of(slot);
    watched_[place] = watched_.back();
    slots_[place] = slots_.back();
    place_of(*slots_[place]) = place;
    watched_.pop_back();
    slots_.pop_back();
  }

  void wait(std::optional<Duration> at_most, ReadinessSink& sink) noexcept override {
    int left = poll_for(watched_.data(), watched_.size(), at_most);
    // Collected before anybody is told: telling changes the arrays.
    ready_.clear();
    for (std::size_t index = 0; left > 0 && index < watched_.size(); ++index) {
      const short seen = watched_[index].revents;
      if (seen == 0) continue;
      --left;
      if (slots_[index] == nullptr) {
        waker_.drain();
        continue;
      }
      Readiness entry;
      entry.id = slots_[index]->id();
      entry.read = (seen & POLLIN) != 0;
      entry.write = (seen & POLLOUT) != 0;
      entry.hangup = (seen & (poll_peer_ended | POLLHUP | POLLERR)) != 0;
      entry.invalid = (seen & POLLNVAL) != 0;
      ready_.push_back(entry);
    }
    for (const Readiness& entry : ready_) sink.on_ready(entry);
  }

 private:
  static std::size_t& place_of(HandleSlot& slot) noexcept {
    return slot.backend_data<std::size_t>();
  }

  static short events_of(Direction side) noexcept {
    return side == Direction::read ? POLLIN | poll_peer_ended : POLLOUT;
  }

  // All memory is had before anything changes, and none is needed while waiting.
  void append(int fd, HandleSlot* slot, short events) {
    if (slots_.size() == slots_.capacity()) {
      const std::size_t more = std::max<std::size_t>(64, slots_.size() * 2);
      watched_.reserve(more);
      ready_.reserve(more);
      slots_.reserve(more);
    }
    watched_.push_back({.fd = fd, .events = events, .revents = 0});
    slots_.push_back(slot);
  }

  Waker waker_;
  std::vector<pollfd> watched_;
  std::vector<HandleSlot*> slots_;  // Beside watched_; null for the waker.
  std::vector<Readiness> ready_;
};

}  // namespace

std::unique_ptr<Reactor> make_poll_reactor() {
  return std::make_unique<ReadinessReactor>(std::make_unique<PollPoller>());
}

}  // namespace coil::detail
