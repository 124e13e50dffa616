// System events: `before` triggers may be waited for; `during` and `after` follow.
#include "system_events.h"

#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/reactor.h>

#include <algorithm>
#include <stdexcept>

namespace coil {

Phase phase_from_string(std::string_view name) {
  if (name == "before") return Phase::before;
  if (name == "during") return Phase::during;
  if (name == "after") return Phase::after;
  throw std::invalid_argument("a trigger's phase is before, during or after, not '" +
                              std::string(name) + "'");
}

namespace detail {

TriggerId SystemEvents::add(Phase phase, std::string_view event, Trigger trigger) {
  const TriggerId id(++last_id_);
  events_[std::string(event)].phases[static_cast<std::size_t>(phase)].push_back(
      Entry{id, std::move(trigger)});
  return id;
}

void SystemEvents::remove(TriggerId id) {
  for (auto& [name, event] : events_) {
    for (std::deque<Entry>& entries : event.phases) {
      const auto found = std::find_if(entries.begin(), entries.end(),
                                      [&](const Entry& entry) { return entry.id == id; });
      if (found != entries.end()) {
        entries.erase(found);
        return;
      }
    }
  }
  for (const std::shared_ptr<Firing>& firing : firings_) {
    if (std::count(firing->ran.begin(), firing->ran.end(), id) != 0) {
      reactor_.log(LogRecord(LogLevel::warning, "a trigger was removed after it had run"));
      return;
    }
  }
  throw UnknownTrigger("no such trigger: it was removed, has run, or belongs to another reactor");
}

std::optional<SystemEvents::Entry> SystemEvents::take(const std::string& event, Phase phase) {
  const auto found = events_.find(event);
  if (found == events_.end()) return std::nullopt;
  std::deque<Entry>& entries = found->second.phases[static_cast<std::size_t>(phase)];
  if (entries.empty()) return std::nullopt;
  Entry first = std::move(entries.front());
  entries.pop_front();
  return first;
}

std::optional<Task<void>> SystemEvents::call(Entry& entry) noexcept {
  try {
    return entry.trigger();
  } catch (...) {
    reactor_.log_current("a system event trigger");
    return std::nullopt;
  }
}

void SystemEvents::fire_before(const std::string& event, absl::AnyInvocable<void() &&> done) {
  auto firing = std::make_shared<Firing>();
  firing->done = std::move(done);
  firings_.push_back(firing);
  while (std::optional<Entry> entry = take(event, Phase::before)) {
    firing->ran.push_back(entry->id);
    std::optional<Task<void>> work = call(*entry);
    if (!work) continue;
    ++firing->waiting;
    start_root<"system event trigger">(reactor_, wait_for(std::move(*work), firing),
                                       entry->trigger.site());
  }
  one_done(firing);
}

Task<void> SystemEvents::wait_for(Task<void> work, std::shared_ptr<Firing> firing) {
  bool cancelled = false;
  try {
    co_await std::move(work);
  } catch (const Cancelled&) {
    cancelled = true;
  } catch (...) {
    reactor_.log_current("a system event trigger");
  }
  if (firing != nullptr) one_done(firing);
  if (cancelled) throw Cancelled();
}

void SystemEvents::one_done(const std::shared_ptr<Firing>& firing) {
  if (--firing->waiting != 0) return;
  std::erase(firings_, firing);
  std::move(firing->done)();
}

void SystemEvents::fire_phase(const std::string& event, Phase phase) {
  while (std::optional<Entry> entry = take(event, phase)) {
    std::optional<Task<void>> work = call(*entry);
    if (!work) continue;
    start_root<"system event trigger">(reactor_, wait_for(std::move(*work), nullptr),
                                       entry->trigger.site());
  }
}

}  // namespace detail
}  // namespace coil
