// The account that a reactor keeps while it stops. Included by the reactor core.
#pragma once

#include <coil/runtime/stop_report.h>

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

namespace coil {
class TaskContext;
}

namespace coil::detail {

// Names and sites are copied when a task is met: they may be gone when it ends.
class StopAccount {
 public:
  void begin();
  // From here on who ends does so because it was asked.
  void note_asked() noexcept { asked_ = true; }
  void note_started(const TaskContext& root, StopReport& report);
  void note_ended(const TaskContext& root, StopReport& report);
  void note_forced(const TaskContext& root, StopReport& report);
  void end(StopReport& report);

 private:
  using Key = std::tuple<std::string, std::string, std::uint_least32_t>;

  void note_inside(const TaskContext& outer, StopReport& report);
  // The index of the row of that name and site; a new one if there is none.
  std::size_t row(const TaskContext& task, StopReport& report);

  bool asked_ = false;
  absl::flat_hash_map<const TaskContext*, std::size_t> live_;  // To the row of each.
  std::map<Key, std::size_t> rows_;
};

}  // namespace coil::detail
