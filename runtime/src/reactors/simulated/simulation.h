// Simulation: the state of a simulated reactor. Included by its sources.
#pragma once

#include "../readiness/waker.h"
#include "inline_executor.h"
#include "network.h"
#include "random.h"
#include "timeline.h"

#include <coil/testing/simulated_reactor.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace coil::testing {

class SimulatedReactor::Simulation {
 public:
  Simulation(SimulatedReactor& owner, std::uint64_t number)
      : reactor(owner),
        seed(number),
        random(number),
        timeline(random),
        network(random, timeline, settings, [this](HandleId handle) { serve(handle); }),
        executor(std::make_shared<detail::InlineExecutor>(owner, random, timeline,
                                                          [this] { note_work(); })) {}
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  // simulated_reactor.cpp
  Attempt attempt(Operation& op, NativeHandle target) noexcept;
  void finish(Operation& op, std::int64_t outcome) noexcept;
  void serve(HandleId handle);
  void serve_soon(HandleId handle);
  void note(const Operation& op, std::int64_t outcome) noexcept;
  void add_to_trace(std::uint64_t value) noexcept;
  void note_work() noexcept;
  bool run_until(TimePoint until);
  bool take_wake() noexcept;
  void sleep() noexcept;  // sleep_posix.cpp or sleep_windows.cpp

  // deadlock.cpp
  void report_deadlock();
  std::string what_is_awaited();
  std::string name_of(const Suspension& wait);
  void describe(const TaskContext& context, std::size_t& count, std::string& text);

  SimulatedReactor& reactor;
  const std::uint64_t seed;
  detail::Random random;
  detail::Timeline timeline;
  SimulatedNetwork settings;
  detail::VirtualNetwork network;
  std::shared_ptr<detail::InlineExecutor> executor;
  detail::Waker waker;
  std::atomic<bool> woken{false};
  bool foreign_threads = false;
  bool deadlocked = false;
  std::size_t completed = 0;  // In the present wait.
  std::uint64_t trace = 0;
  std::uint64_t resumptions_at_deadlock = 0;
  int deadlocks_in_a_row = 0;
};

}  // namespace coil::testing
