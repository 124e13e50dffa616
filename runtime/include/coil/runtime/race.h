// race: the first of several Deferreds that has a value.
#pragma once

#include <coil/runtime/deferred.h>
#include <coil/runtime/detail/watched_inputs.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace coil {

// FailureGroup: all of several Deferreds failed; says why, in their order.
//
// Example (tests/examples/deferred_example.cpp, "race"):
//
//   auto fastest = race(answers);
//   fastest.addErrback([&](Failure failure) -> Failure {
//     failure.visit<FailureGroup>([&](const FailureGroup& group) { show(group.failures()); });
//     return failure;
//   });
class FailureGroup : public std::runtime_error {
 public:
  explicit FailureGroup(std::vector<Failure> failures)
      : std::runtime_error("all of " + std::to_string(failures.size()) + " failed"),
        failures_(std::make_shared<const std::vector<Failure>>(std::move(failures))) {}
  const std::vector<Failure>& failures() const noexcept { return *failures_; }

 private:
  std::shared_ptr<const std::vector<Failure>> failures_;  // Copying an exception must not throw.
};

namespace detail {

// The index of the winner and its value.
template <class T>
using RaceResult = std::pair<std::size_t, std::conditional_t<std::is_void_v<T>, std::monostate, T>>;

template <class T>
class RaceState final : public WatchedInputs {
 public:
  explicit RaceState(std::size_t count) : WatchedInputs(count), failures_(count), missing_(count) {}

  void fires(Deferred<RaceResult<T>> race) { race_.emplace(std::move(race)); }

  std::optional<Result<T>> arrived(std::size_t index, Result<T> result) {
    --missing_;
    if (!race_) return std::nullopt;
    if (!result) {
      failures_[index] = result.error().failure();
      if (missing_ != 0) return std::nullopt;
      auto race = *std::exchange(race_, std::nullopt);
      if (!race.called()) race.errback(Failure(FailureGroup(std::move(failures_))));
      return std::nullopt;
    }
    auto race = *std::exchange(race_, std::nullopt);
    cancel_all();
    if (race.called()) return std::nullopt;
    if constexpr (std::is_void_v<T>) {
      race.callback(RaceResult<T>(index, std::monostate()));
    } else {
      race.callback(RaceResult<T>(index, std::move(result).value()));
    }
    return std::nullopt;
  }

 private:
  std::vector<Failure> failures_;
  std::size_t missing_;
  std::optional<Deferred<RaceResult<T>>> race_;  // Until it is decided.
};

}  // namespace detail

// Fires with the index and the value of the first that has one, and cancels the others, whose
// results vanish; it takes every input's result out of its chain.
//
// Errors:       FailureGroup when all failed, at once if there are none.
// Cancellation: Cancellable; if cancelled, nothing was transferred. It cancels every input, and
//               fails with what came of that.
// Source:       Twisted's defer.race.
template <class T>
Deferred<detail::RaceResult<T>> race(std::vector<Deferred<T>> inputs,
                                     std::source_location site = std::source_location::current()) {
  const auto state = std::make_shared<detail::RaceState<T>>(inputs.size());
  auto first = detail::WatchedInputs::cancelled_together<detail::RaceResult<T>>(state, site);
  if (inputs.empty()) {
    first.errback(Failure(FailureGroup({})));
  } else {
    state->fires(first);
    detail::WatchedInputs::watch(state, inputs);
  }
  return first;
}

}  // namespace coil
