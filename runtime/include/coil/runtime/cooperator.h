// Cooperator: long work in small units, a few of them in each turn of the loop.
#pragma once

#include <coil/runtime/deferred.h>
#include <coil/runtime/reactor_time.h>

#include <absl/functional/any_invocable.h>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace coil {

namespace detail {

class CooperativeWork;
class CooperatorState;

// Does one unit and tells whether there are more; the next waits for `pending`, if that is set.
using WorkUnit = absl::AnyInvocable<bool(std::optional<Deferred<void>>& pending)>;

template <class F>
WorkUnit work_unit(F function) {
  using R = std::invoke_result_t<F&>;
  if constexpr (std::same_as<R, bool>) {
    return [function = std::move(function)](auto&) mutable { return function(); };
  } else {
    static_assert(std::same_as<R, std::optional<Deferred<void>>>,
                  "a unit of work returns bool, or std::optional<Deferred<void>>");
    return [function = std::move(function)](auto& pending) mutable {
      pending = function();
      return pending.has_value();
    };
  }
}

}  // namespace detail

// CooperativeTask: a handle to one piece of work of a Cooperator; dropping it stops nothing.
//
// Example (tests/examples/looping_call_example.cpp, "cooperative task"):
//
//   CooperativeTask task = cooperator.cooperate(index_one_page);
//   task.pause();
//   task.resume();
//   task.whenDone().addCallback([] { std::puts("indexed"); });
//
// Guarantees: Pauses are counted. Each whenDone() is a Deferred of its own; cancelling it does not
//             stop the work.
// Errors:     pause() and stop() throw how it ended: TaskDone, TaskFailed, TaskStopped or
//             SchedulerStopped; resume() throws NotPaused. whenDone() fails with what the work
//             threw, TaskStopped or SchedulerStopped; what it threw is reported as unhandled if
//             nobody ever asked.
// Source:     Twisted's task.CooperativeTask.
class CooperativeTask {
 public:
  // Fires when the work has ended, or at once if it has.
  Deferred<void> whenDone() const;
  void pause();
  void resume();
  void stop();

 private:
  friend class Cooperator;
  explicit CooperativeTask(std::shared_ptr<detail::CooperativeWork> work) noexcept;

  std::shared_ptr<detail::CooperativeWork> work_;
};

// Cooperator: does units of work in turn, for a slice of time in each turn of the loop.
//
// A coroutine is cooperative as it is, with `co_await yield()` between its units; this is for work
// that is a function, or that somebody else must be able to pause.
//
// Example (tests/examples/looping_call_example.cpp, "cooperator"):
//
//   Cooperator cooperator(reactor);
//   Deferred<void> indexed = cooperator.coiterate([&] { return index_one_page(); });
//
// Requires:   The clock outlives it.
// Guarantees: Round robin: one unit of each in turn. A unit is a function that returns whether
//             there are more, or a std::optional<Deferred<void>>: nothing when it was the last one,
//             else what the next one waits for. Nothing is scheduled while there is nothing to do.
//             Destroying it stops it.
// Errors:     What a unit throws, or its Deferred fails with, ends that work only. Work that is
//             there when the scheduler stops, or comes later, ends with SchedulerStopped.
// Source:     Twisted's task.Cooperator.
class Cooperator {
 public:
  explicit Cooperator(ReactorTime& time);
  Cooperator(const Cooperator&) = delete;
  Cooperator& operator=(const Cooperator&) = delete;
  ~Cooperator();

  template <class F>
  CooperativeTask cooperate(F function,
                            std::source_location site = std::source_location::current()) {
    return add(detail::work_unit(std::move(function)), site);
  }
  // The same for those who only want to know the end.
  template <class F>
  Deferred<void> coiterate(F function) {
    return cooperate(std::move(function)).whenDone();
  }

  // It is started when it is made; after stop() it may be started again.
  void start();
  void stop();
  bool running() const noexcept;

  // The share of a turn: this much time, 10 ms unless set …
  void set_slice(Duration slice) noexcept;
  // … and so many units, 1000 unless set: virtual time does not pass inside a turn.
  void set_units_per_turn_max(std::size_t units) noexcept;

 private:
  CooperativeTask add(detail::WorkUnit unit, std::source_location site);

  std::shared_ptr<detail::CooperatorState> state_;
};

}  // namespace coil
