// The poll poller: an array of the handles that somebody waits for.
#include "../backends.h"
#include "../readiness/poller.h"
#include "../readiness/readiness_reactor.h"
#include "../readiness/waker.h"

#include <poll.h>

#include <ctime>
#include <vector>

namespace coil::detail {

namespace {

// A slot's place in the array is kept in its backend_data; places are used again.
class PollPoller final : public Poller {
 public:
  PollPoller() {
    watched_.push_back({.fd = waker_.descriptor(), .events = POLLIN, .revents = 0});
    ids_.push_back(HandleId());
  }

  std::string_view name() const noexcept override { return "poll"; }
  bool edge_triggered() const noexcept override { return false; }
  void wake() noexcept override { waker_.wake(); }

  int watch(HandleSlot& slot, Direction side) noexcept override {
    if (!slot.backend_registered) {
      slot.backend_registered = true;
      slot.backend_data = take_entry();
      watched_[slot.backend_data] = {.fd = slot.native().descriptor(), .events = 0, .revents = 0};
      ids_[slot.backend_data] = slot.id();
    }
    short& events = watched_[slot.backend_data].events;
    events = static_cast<short>(events | events_of(side));
    return 0;
  }
  void unwatch(HandleSlot& slot, Direction side) noexcept override {
    if (!slot.backend_registered) return;
    short& events = watched_[slot.backend_data].events;
    events = static_cast<short>(events & ~events_of(side));
    if (events == 0) forget(slot);
  }
  void forget(HandleSlot& slot) noexcept override {
    if (!slot.backend_registered) return;
    slot.backend_registered = false;
    free_.push_back(slot.backend_data);
    watched_[slot.backend_data] = {.fd = -1, .events = 0, .revents = 0};
    ids_[slot.backend_data] = HandleId();
  }

  void wait(std::optional<Duration> at_most, ReadinessSink& sink) noexcept override {
    const int count = wait_for(at_most);
    if (count <= 0) return;
    ready_.clear();
    for (std::size_t index = 0; index < watched_.size(); ++index) {
      const short seen = watched_[index].revents;
      if (seen == 0) continue;
      if (index == 0) {
        waker_.drain();
        continue;
      }
      Readiness entry;
      entry.id = ids_[index];
      entry.read = (seen & POLLIN) != 0;
      entry.write = (seen & POLLOUT) != 0;
      entry.hangup = (seen & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
      entry.invalid = (seen & POLLNVAL) != 0;
      ready_.push_back(entry);
    }
    for (const Readiness& entry : ready_) sink.on_ready(entry);
  }

 private:
  static short events_of(Direction side) noexcept {
    return side == Direction::read ? POLLIN | POLLRDHUP : POLLOUT;
  }

  std::size_t take_entry() {
    if (free_.empty()) {
      watched_.push_back({.fd = -1, .events = 0, .revents = 0});
      ids_.push_back(HandleId());
      return watched_.size() - 1;
    }
    const std::size_t entry = free_.back();
    free_.pop_back();
    return entry;
  }

  int wait_for(std::optional<Duration> at_most) noexcept {
    timespec limit = {};
    if (at_most) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*at_most);
      limit.tv_sec = seconds.count();
      limit.tv_nsec = (*at_most - seconds).count();
    }
    return ::ppoll(watched_.data(), watched_.size(), at_most ? &limit : nullptr, nullptr);
  }

  Waker waker_;
  std::vector<pollfd> watched_;
  std::vector<HandleId> ids_;
  std::vector<std::size_t> free_;  // Entries without a handle; the kernel skips them.
  std::vector<Readiness> ready_;
};

}  // namespace

std::unique_ptr<Reactor> make_poll_reactor() {
  return std::make_unique<ReadinessReactor>(std::make_unique<PollPoller>());
}

}  // namespace coil::detail
