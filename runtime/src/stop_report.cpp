// The account of a stop: who was there, what became of them, and how that reads.
#include <coil/runtime/stop_report.h>

#include "stop_account.h"

#include <coil/runtime/task_context.h>

#include <string_view>
#include <utility>

namespace coil {

namespace {

std::size_t sum(const std::vector<StoppedTasks>& tasks, std::size_t StoppedTasks::* count) {
  std::size_t total = 0;
  for (const StoppedTasks& row : tasks) total += row.*count;
  return total;
}

void append(std::string& list, std::size_t count, const char* what) {
  if (count != 0) list += (list.empty() ? "" : ", ") + std::to_string(count) + " " + what;
}

}  // namespace

std::string StoppedTasks::text() const {
  std::string text;
  append(text, ended, "ended");
  append(text, cancelled, "cancelled");
  append(text, forced, "forced");
  append(text, inside_forced, "inside a forced task");
  append(text, left, "left to itself");
  const std::string_view path = site.file_name();
  text += ": " + name + " (";
  text += path.substr(path.rfind('/') + 1);
  return text + ":" + std::to_string(site.line()) + ")";
}

std::size_t StopReport::ended() const noexcept { return sum(tasks, &StoppedTasks::ended); }
std::size_t StopReport::cancelled() const noexcept { return sum(tasks, &StoppedTasks::cancelled); }
std::size_t StopReport::forced() const noexcept { return sum(tasks, &StoppedTasks::forced); }
std::size_t StopReport::left() const noexcept { return sum(tasks, &StoppedTasks::left); }

std::string StopReport::text() const {
  std::string sums;
  append(sums, listeners_closed, listeners_closed == 1 ? "listener closed" : "listeners closed");
  append(sums, ended(), "ended");
  append(sums, cancelled(), "cancelled");
  append(sums, forced(), "forced");
  append(sums, left(), "left to itself");
  std::string text = "stopped: " + (sums.empty() ? "nothing was left" : sums);
  for (const StoppedTasks& row : tasks) text += "\n  " + row.text();
  return text;
}

namespace detail {

void StopAccount::begin() {
  asked_ = false;
  live_.clear();
  rows_.clear();
}

void StopAccount::note_started(const TaskContext& root, StopReport& report) {
  live_.emplace(&root, row(root, report));
}

void StopAccount::note_ended(const TaskContext& root, StopReport& report) {
  const auto found = live_.find(&root);
  if (found == live_.end()) return;
  StoppedTasks& tasks = report.tasks[found->second];
  ++(asked_ ? tasks.cancelled : tasks.ended);
  live_.erase(found);
}

void StopAccount::note_forced(const TaskContext& root, StopReport& report) {
  ++report.tasks[row(root, report)].forced;  // By the name that it has now.
  note_inside(root, report);
}

void StopAccount::end(StopReport& report) {
  std::erase_if(report.tasks, [](const StoppedTasks& tasks) {
    return tasks.ended + tasks.cancelled + tasks.forced + tasks.inside_forced + tasks.left == 0;
  });
  live_.clear();
  rows_.clear();
}

// A scope, as that of a timeout, is a context too: it differs from the task it is in by nothing.
void StopAccount::note_inside(const TaskContext& outer, StopReport& report) {
  outer.for_each_child([&](const TaskContext& child) {
    const std::size_t inner = row(child, report);
    if (inner != row(outer, report)) ++report.tasks[inner].inside_forced;
    note_inside(child, report);
  });
}

std::size_t StopAccount::row(const TaskContext& task, StopReport& report) {
  const std::source_location site = task.site();
  const auto [at, is_new] =
      rows_.try_emplace(Key(task.name(), site.file_name(), site.line()), report.tasks.size());
  if (is_new) {
    StoppedTasks& tasks = report.tasks.emplace_back();
    tasks.name = task.name();
    tasks.site = site;
  }
  return at->second;
}

}  // namespace detail
}  // namespace coil
