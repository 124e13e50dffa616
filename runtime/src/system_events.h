// The triggers of system events and the order in which they run. Included by the reactor core.
#pragma once

#include <coil/runtime/trigger.h>

#include <absl/container/flat_hash_map.h>
#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coil {
class Reactor;
}

namespace coil::detail {

class SystemEvents {
 public:
  explicit SystemEvents(Reactor& reactor) noexcept : reactor_(reactor) {}

  TriggerId add(Phase phase, std::string_view event, Trigger trigger);
  void remove(TriggerId id);
  // Starts every `before` trigger, waits for what they return, then calls `done`; at once if
  // nothing has to be waited for.
  void fire_before(const std::string& event, absl::AnyInvocable<void() &&> done);
  void fire_phase(const std::string& event, Phase phase);

 private:
  struct Entry {
    TriggerId id;
    Trigger trigger;
  };
  struct Event {
    std::deque<Entry> phases[3];
  };
  struct Firing {
    std::size_t waiting = 1;  // One for the start of the triggers itself.
    std::vector<TriggerId> ran;
    absl::AnyInvocable<void() &&> done;
  };

  std::optional<Entry> take(const std::string& event, Phase phase);
  std::optional<Task<void>> call(Entry& entry) noexcept;
  Task<void> wait_for(Task<void> work, std::shared_ptr<Firing> firing);
  void one_done(const std::shared_ptr<Firing>& firing);

  Reactor& reactor_;
  absl::flat_hash_map<std::string, Event> events_;
  std::vector<std::shared_ptr<Firing>> firings_;
  std::uint64_t last_id_ = 0;
};

}  // namespace coil::detail
