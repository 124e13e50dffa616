// What the programs that measure primitives share: steps timed, allocations counted, lines printed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace bench {

// Calls of malloc and its like by this thread.
std::int64_t allocations() noexcept;
// Bytes that the heap has handed out and not taken back, its own headers included.
std::size_t heap_bytes() noexcept;

// Prints one line when it ends: name, unit, the smallest figure of all rounds, and allocations per
// step.
class Meter {
 public:
  // With a size, the name that is printed is NAME:SIZE.
  explicit Meter(const char* name, std::int64_t size = 0) noexcept : name_(name), size_(size) {}
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;
  ~Meter();

  void start() noexcept;
  void stop(std::int64_t count) noexcept;
  // A figure that was taken elsewhere.
  void add(double ns_per_step, double allocations_per_step) noexcept;

 private:
  const char* name_;
  std::int64_t size_;
  double best_ns_ = 1e18;
  double best_allocations_ = 1e18;
  std::int64_t start_allocations_ = 0;
  std::chrono::steady_clock::time_point start_;
};

void print_bytes(const char* name, double bytes);

// One measurement that a command line may name, alone or as NAME:SIZE.
struct Measurement {
  const char* name;
  void (*run)(std::int64_t size);
  std::int64_t size;  // Unless the command line says another.
};

// Runs what the command line names, or all; gives main's result. The program is left without
// tidying up: to cancel a million timers one by one would cost more than what was measured.
int run_named(int argc, char** argv, std::span<const Measurement> measurements);

// Delays that repeat from run to run.
class Random {
 public:
  std::uint64_t below(std::uint64_t limit) noexcept {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return (state_ >> 24) % limit;
  }

 private:
  std::uint64_t state_ = 1;
};

// The sizes that every program of this set uses.
constexpr int rounds = 5;
constexpr int steps = 100'000;
constexpr int batch = 100;             // Children that are spawned before the loop runs them.
constexpr int cancel_steps = 100'000;  // Timers added and cancelled per round.
constexpr std::uint64_t hour_ms = 3'600'000;
constexpr int burst = 256;
constexpr int bursts = 200;
// How often each of `tasks` tasks gives way, so that a round has enough steps.
constexpr std::int64_t turns_of(std::int64_t tasks) {
  return tasks < 100'000 ? 400'000 / tasks : 4;
}
// How often a measurement of `size` things alive is repeated.
constexpr int rounds_of(std::int64_t size) { return size <= 100'000 ? 5 : 1; }

// Timers that are to be fired fall due one per microsecond, and a million or more within a second.
constexpr std::chrono::milliseconds due_within(std::int64_t timers) {
  if (timers < 10'000) return std::chrono::milliseconds(10);
  return std::chrono::milliseconds(timers < 1'000'000 ? timers / 1000 : 1000);
}

}  // namespace bench
