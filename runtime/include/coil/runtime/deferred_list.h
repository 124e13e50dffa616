// Several Deferreds as one: all of them, the first of them, or whatever a function gives.
#pragma once

#include <coil/runtime/deferred.h>

#include <cstddef>
#include <memory>
#include <string>
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
  // Fails with FirstError as soon as one of them fails.
  DeferredListOptions& set_fire_on_one_errback(bool value) noexcept {
    fire_on_one_errback = value;
    return *this;
  }
  // Failures end here instead of being reported as unhandled.
  DeferredListOptions& set_consume_errors(bool value) noexcept {
    consume_errors = value;
    return *this;
  }
  bool fire_on_one_errback = false;
  bool consume_errors = false;
};

namespace detail {

// Lives in the steps that it adds to its inputs, and names them without owning them: whoever is
// going to fire an input owns it, and if nobody is, everything may go.
template <class T>
class ListState {
 public:
  ListState(std::size_t count, DeferredListOptions options)
      : inputs_(count, nullptr), options_(options), missing_(count) {
    results_.reserve(count);
    for (std::size_t index = 0; index < count; ++index) results_.emplace_back(Error());
  }

  static void watch(const std::shared_ptr<ListState>& self, std::vector<Deferred<T>>& inputs,
                    Deferred<std::vector<Result<T>>> result) {
    for (std::size_t index = 0; index < inputs.size(); ++index) {
      self->inputs_[index] = inputs[index].link_.get();
      Membership membership(self, index);
      inputs[index].addBoth(
          [membership = std::move(membership), result](Result<T> outcome) mutable {
            return membership.arrived(std::move(outcome), result);
          });
    }
  }

  void cancel_all() noexcept {
    for (std::size_t index = 0; index < inputs_.size(); ++index) {
      DeferredLinkBase* input = inputs_[index];
      if (input == nullptr) continue;
      input->add_owner();
      try {
        input->cancel();
      } catch (...) {
        // One canceller's trouble must not keep the others from being asked.
      }
      input->drop_owner();
    }
  }

 private:
  // One input's place in the list; it ends with the step, whether that has run or not.
  class Membership {
   public:
    Membership(std::shared_ptr<ListState> state, std::size_t index) noexcept
        : state_(std::move(state)), index_(index) {}
    Membership(Membership&&) noexcept = default;
    Membership& operator=(Membership&&) = delete;
    ~Membership() {
      if (state_ != nullptr) state_->inputs_[index_] = nullptr;
    }
    Result<T> arrived(Result<T> outcome, Deferred<std::vector<Result<T>>>& result) {
      return state_->arrived(index_, std::move(outcome), result);
    }

   private:
    std::shared_ptr<ListState> state_;
    std::size_t index_;
  };

  Result<T> arrived(std::size_t index, Result<T> outcome,
                    Deferred<std::vector<Result<T>>>& result) {
    Result<T> passed_on = copy_or_default(outcome);
    const bool failed = !outcome;
    if (!result.called()) {
      if (failed && options_.fire_on_one_errback) {
        result.errback(Failure(FirstError(index, outcome.error().failure())));
      }
      results_[index] = std::move(outcome);
      if (--missing_ == 0 && !result.called()) {
        result.callback(std::move(results_));
      }
    }
    return passed_on;
  }

  // What the input's own chain goes on with: nothing of use, as in Twisted when errors are
  // consumed.
  Result<T> copy_or_default(const Result<T>& outcome) const {
    if (!outcome) {
      if (!options_.consume_errors) return outcome.error();
      if constexpr (std::is_void_v<T>) {
        return Result<T>();
      } else if constexpr (std::is_default_constructible_v<T>) {
        return Result<T>(T());
      } else {
        return outcome.error();
      }
    }
    if constexpr (std::is_void_v<T>) {
      return Result<T>();
    } else if constexpr (std::is_copy_constructible_v<T>) {
      return Result<T>(*outcome);
    } else {
      return Result<T>(T());
    }
  }

  std::vector<DeferredLinkBase*> inputs_;  // Null once the input has fired or gone.
  DeferredListOptions options_;
  std::size_t missing_;
  std::vector<Result<T>> results_;
};

}  // namespace detail

// Fires with every result, in the order of the inputs, when all have come.
//
// Guarantees: An empty list fires at once. cancel() cancels every input, also when one canceller
//             throws.
// Source:     Twisted's DeferredList.
template <class T>
Deferred<std::vector<Result<T>>> DeferredList(std::vector<Deferred<T>> inputs,
                                              DeferredListOptions options = {}) {
  const bool empty = inputs.empty();
  auto state = std::make_shared<detail::ListState<T>>(inputs.size(), options);
  using List = Deferred<std::vector<Result<T>>>;
  std::weak_ptr<detail::ListState<T>> weak = state;
  List result(typename List::Canceller([weak] {
    if (const auto alive = weak.lock()) alive->cancel_all();
  }));
  if (empty) {
    result.callback(std::vector<Result<T>>());
  } else {
    detail::ListState<T>::watch(state, inputs, result);
  }
  return result;
}

// Fires with the values of all, or with FirstError as soon as one fails.
//
// Source: Twisted's gatherResults.
template <class T>
  requires(!std::is_void_v<T>)
Deferred<std::vector<T>> gatherResults(std::vector<Deferred<T>> inputs) {
  return DeferredList(std::move(inputs),
                      DeferredListOptions().set_fire_on_one_errback(true).set_consume_errors(true))
      .addCallback([](std::vector<Result<T>> results) {
        std::vector<T> values;
        values.reserve(results.size());
        for (Result<T>& result : results) values.push_back(std::move(result).value());
        return values;
      });
}

// Calls `function` and gives whatever comes of it as a Deferred: a value, an exception, a Deferred.
//
// Source: Twisted's maybeDeferred.
template <class F>
auto maybeDeferred(F function)
    -> Deferred<typename detail::DeferredValue<std::invoke_result_t<F&>>::type> {
  using R = std::invoke_result_t<F&>;
  using U = typename detail::DeferredValue<R>::type;
  try {
    if constexpr (std::is_void_v<R>) {
      function();
      return succeed();
    } else if constexpr (std::same_as<R, Deferred<U>>) {
      return function();
    } else {
      Deferred<U> deferred;
      deferred.callback(function());
      return deferred;
    }
  } catch (...) {
    return fail<U>(Failure::current());
  }
}

}  // namespace coil
