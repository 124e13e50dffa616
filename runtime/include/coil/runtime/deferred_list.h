// Several Deferreds as one: all of them.
#pragma once

#include <coil/runtime/deferred.h>
#include <coil/runtime/detail/watched_inputs.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace coil {

// FirstError: one of several Deferreds failed; says which and why.
//
// Example (tests/examples/deferred_example.cpp, "gather"):
//
//   gathered.addErrback([&](Failure failure) {
//     failure.visit<FirstError>([&](const FirstError& error) { report(error.index()); });
//     return std::vector<int>();
//   });
class FirstError : public std::runtime_error {
 public:
  FirstError(std::size_t index, Failure failure)
      : std::runtime_error("Deferred " + std::to_string(index) +
                           " failed: " + failure.getErrorMessage()),
        index_(index),
        failure_(std::move(failure)) {}
  std::size_t index() const noexcept { return index_; }
  const Failure& failure() const noexcept { return failure_; }

 private:
  std::size_t index_;
  Failure failure_;
};

// DeferredListOptions: when a DeferredList fires, and what becomes of failures.
//
// Example (tests/examples/deferred_example.cpp, "list"):
//
//   DeferredListOptions options = DeferredListOptions().set_fire_on_one_errback(true);
class DeferredListOptions {
 public:
  DeferredListOptions() noexcept {}
  // Fires as soon as one of them has a value: the only Result with one. Those that had not come
  // hold std::errc::operation_in_progress. The others go on; race() would cancel them.
  DeferredListOptions& set_fire_on_one_callback(bool value) noexcept {
    fire_on_one_callback = value;
    return *this;
  }
  // Fails with FirstError as soon as one of them fails.
  DeferredListOptions& set_fire_on_one_errback(bool value) noexcept {
    fire_on_one_errback = value;
    return *this;
  }
  // Failures end here instead of being reported as unhandled, also those that come too late.
  DeferredListOptions& set_consume_errors(bool value) noexcept {
    consume_errors = value;
    return *this;
  }
  bool fire_on_one_callback = false;
  bool fire_on_one_errback = false;
  bool consume_errors = false;
};

namespace detail {

template <class T>
class ListState final : public WatchedInputs {
 public:
  ListState(std::size_t count, DeferredListOptions options)
      : WatchedInputs(count), options_(options), missing_(count) {
    const Error pending(std::make_error_code(std::errc::operation_in_progress), "DeferredList");
    for (std::size_t index = 0; index < count; ++index) results_.emplace_back(pending);
  }

  void fires(Deferred<std::vector<Result<T>>> list) { list_.emplace(std::move(list)); }

  // What goes on in the input's own chain is a copy.
  std::optional<Result<T>> arrived(std::size_t index, Result<T> result) {
    std::optional<Result<T>> left;
    if (!result) {
      if (!options_.consume_errors) left.emplace(result.error());
    } else if constexpr (std::is_void_v<T> || std::is_copy_constructible_v<T>) {
      left.emplace(result);
    }
    --missing_;
    if (!list_) return left;
    const bool ends = missing_ == 0 || (result && options_.fire_on_one_callback);
    const bool fails = !result && options_.fire_on_one_errback;
    results_[index] = std::move(result);
    if (!ends && !fails) return left;
    auto list = *std::exchange(list_, std::nullopt);
    if (list.called()) return left;  // Cancelled, although not every input had an end to that.
    if (fails) {
      list.errback(Failure(FirstError(index, results_[index].error().failure())));
    } else {
      list.callback(std::move(results_));
    }
    return left;
  }

 private:
  DeferredListOptions options_;
  std::size_t missing_;
  std::vector<Result<T>> results_;
  std::optional<Deferred<std::vector<Result<T>>>> list_;  // Until it is fired.
};

}  // namespace detail

// Fires with every result, in the order of the inputs, when all have come.
//
// Guarantees:   An empty list fires at once. Each input keeps its result, unless the errors are
//               consumed or a value cannot be copied.
// Cancellation: Cancellable; if cancelled, nothing was transferred. It cancels every input, also
//               when one canceller throws, and gives what came of that.
// Source:       Twisted's DeferredList.
template <class T>
Deferred<std::vector<Result<T>>> DeferredList(
    std::vector<Deferred<T>> inputs, DeferredListOptions options = {},
    std::source_location site = std::source_location::current()) {
  const auto state = std::make_shared<detail::ListState<T>>(inputs.size(), options);
  auto list = detail::WatchedInputs::cancelled_together<std::vector<Result<T>>>(state, site);
  if (inputs.empty()) {
    list.callback(std::vector<Result<T>>());
  } else {
    state->fires(list);
    detail::WatchedInputs::watch(state, inputs);
  }
  return list;
}

// Fires with the values of all, or with FirstError as soon as one fails.
//
// Source: Twisted's gatherResults.
template <class T>
  requires(!std::is_void_v<T>)
Deferred<std::vector<T>> gatherResults(
    std::vector<Deferred<T>> inputs, std::source_location site = std::source_location::current()) {
  const auto first_error =
      DeferredListOptions().set_fire_on_one_errback(true).set_consume_errors(true);
  return DeferredList(std::move(inputs), first_error, site)
      .addCallback([](std::vector<Result<T>> results) {
        std::vector<T> values;
        values.reserve(results.size());
        for (Result<T>& result : results) values.push_back(std::move(result).value());
        return values;
      });
}

}  // namespace coil
