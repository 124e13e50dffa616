// StopReport: what became of everything that was there when a reactor was stopped.
#pragma once

#include <cstddef>
#include <source_location>
#include <string>
#include <vector>

namespace coil {

// StoppedTasks: what became of the root tasks, or blocking work, that share a name and a site.
//
// Example (tests/examples/reactor_example.cpp, "account"):
//
//   reactor.run();
//   for (const StoppedTasks& tasks : reactor.last_stop().tasks) {
//     if (tasks.forced != 0) std::puts(tasks.text().c_str());
//   }
class StoppedTasks {
 public:
  StoppedTasks() noexcept {}
  // In one line: "2 cancelled, 1 forced: listener (server.cpp:12)".
  std::string text() const;

  std::string name;
  std::source_location site;      // Where the coroutine was written.
  std::size_t ended = 0;          // By themselves, before anybody asked them to.
  std::size_t cancelled = 0;      // When they were asked, in time.
  std::size_t forced = 0;         // Not at all: they are parked, and nothing resumes them.
  std::size_t inside_forced = 0;  // Tasks of this name and site that wait inside a parked one.
  std::size_t left = 0;           // Blocking work that goes on in a thread, on its own.
};

// What a stop had to do; see Reactor::last_stop.
//
// Example (tests/examples/reactor_example.cpp, "report"):
//
//   reactor.run();
//   std::puts(reactor.last_stop().text().c_str());
//
// Guarantees: Every root task that was there when the stop began, or was started before its end,
//             is counted once.
class StopReport {
 public:
  StopReport() noexcept {}
  std::size_t ended() const noexcept;
  std::size_t cancelled() const noexcept;
  std::size_t forced() const noexcept;
  std::size_t left() const noexcept;
  // One line with the sums, then one for each name and site; no line break at the end.
  std::string text() const;

  std::vector<StoppedTasks> tasks;  // In the order in which each was met first.
  std::size_t listeners_closed = 0;
};

}  // namespace coil
