// Triggers of system events: what runs before, during and after startup, shutdown or an own event.
#pragma once

#include <coil/runtime/task.h>

#include <absl/functional/any_invocable.h>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

namespace coil {

enum class Phase : unsigned char { before, during, after };

// Returns the phase of that name; std::invalid_argument for any other word.
Phase phase_from_string(std::string_view name);

// TriggerId: names one trigger, so that it can be removed.
//
// Example (tests/examples/reactor_example.cpp, "triggers"):
//
//   TriggerId id = reactor.addSystemEventTrigger(Phase::before, "shutdown", [] { save(); });
//   reactor.removeSystemEventTrigger(id);
class TriggerId {
 public:
  TriggerId() noexcept {}
  explicit TriggerId(std::uint64_t number) noexcept : number_(number) {}
  std::uint64_t number() const noexcept { return number_; }
  friend bool operator==(TriggerId, TriggerId) noexcept = default;

 private:
  std::uint64_t number_ = 0;
};

// Trigger: a function that returns nothing, or something to await: a Task, a Deferred.
//
// Example (tests/examples/reactor_example.cpp, "triggers"):
//
//   reactor.addSystemEventTrigger(Phase::before, "shutdown", []() -> Task<void> {
//     co_await sleep(std::chrono::milliseconds(1));   // The shutdown waits for it.
//     save();
//   });
class Trigger {
 public:
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, Trigger> && std::invocable<F&>)
  Trigger(F function, std::source_location site = std::source_location::current())
      : call_(wrap(std::move(function))), site_(site) {}

  // Calls the function; gives what is to be awaited, if anything.
  std::optional<Task<void>> operator()() { return call_(); }
  // Where it was made.
  std::source_location site() const noexcept { return site_; }

 private:
  using Call = absl::AnyInvocable<std::optional<Task<void>>()>;

  template <class F>
  static Call wrap(F function) {
    using R = std::invoke_result_t<F&>;
    if constexpr (std::is_void_v<R>) {
      return [function = std::move(function)]() mutable -> std::optional<Task<void>> {
        function();
        return std::nullopt;
      };
    } else {
      return [held = std::make_shared<F>(std::move(function))]() -> std::optional<Task<void>> {
        return run_kept(held);
      };
    }
  }
  // The captures of a coroutine lambda lie in the lambda: it stays, and stays where it is, until
  // the coroutine has ended.
  template <class F>
  static Task<void> run_kept(std::shared_ptr<F> function) {
    co_await (*function)();
  }

  Call call_;
  std::source_location site_;
};

}  // namespace coil
