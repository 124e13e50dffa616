// when_any: the first one wins; the others are cancelled, awaited, and not lost.
#pragma once

#include <coil/runtime/failure.h>
#include <coil/runtime/when_all.h>

#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>
#include <variant>

namespace coil {

// Outcome<T>: how one branch ended: a value, a failure, or cancelled.
//
// Example (tests/examples/when_example.cpp, "any"):
//
//   if (race.outcome<1>().has_value()) use(race.outcome<1>().value());
template <class T>
class Outcome {
 public:
  using Stored = detail::value_or_monostate<T>;

  Outcome() noexcept {}
  bool has_value() const noexcept { return state_.index() == 1; }
  bool failed() const noexcept { return state_.index() == 2; }
  bool cancelled() const noexcept { return state_.index() == 0; }
  // The value; throws the failure, or Cancelled.
  Stored& value() {
    if (failed()) std::get<2>(state_).raiseException();
    if (cancelled()) throw Cancelled();
    return std::get<1>(state_);
  }
  const Failure& failure() const { return std::get<2>(state_); }

  template <class... A>
  void emplace(A&&... value) {
    state_.template emplace<1>(std::forward<A>(value)...);
  }
  void fail(Failure failure) { state_.template emplace<2>(std::move(failure)); }

 private:
  std::variant<std::monostate, Stored, Failure> state_;
};

// AnyResult: the index of the branch that ended first, and how every branch ended.
//
// Example (tests/examples/when_example.cpp, "any"):
//
//   auto race = co_await when_any(fetch(mirror), sleep(std::chrono::seconds(2)));
//   if (race.first() == 0) use(race.outcome<0>().value());
//
// Guarantees: A loser that finished all the same keeps its value here.
template <class... T>
class [[nodiscard]] AnyResult {
 public:
  AnyResult() noexcept {}
  std::size_t first() const noexcept { return first_; }
  template <std::size_t I>
  auto& outcome() noexcept {
    return std::get<I>(outcomes_);
  }
  // The value of the first, where all branches have one type; throws what it threw.
  auto& get() { return get_at<0>(); }

  // For when_any.
  std::tuple<Outcome<T>...>& outcomes() noexcept { return outcomes_; }
  bool set_first(std::size_t index) noexcept {
    if (decided_) return false;
    decided_ = true;
    first_ = index;
    return true;
  }
  bool decided() const noexcept { return decided_; }

 private:
  using First = typename std::tuple_element_t<0, std::tuple<Outcome<T>...>>::Stored;

  template <std::size_t I>
  First& get_at() {
    static_assert((std::is_same_v<typename Outcome<T>::Stored, First> && ...),
                  "get() needs branches of one type: use outcome<I>().value()");
    if constexpr (I + 1 < sizeof...(T)) {
      if (first_ != I) return get_at<I + 1>();
    }
    return std::get<I>(outcomes_).value();
  }

  std::tuple<Outcome<T>...> outcomes_;
  std::size_t first_ = 0;
  bool decided_ = false;
};

namespace detail {

template <class Work, class Any, class Slot>
Strand run_contender(TaskContext&, StrandJoin&, TaskGroup& group, Any& any, std::size_t index,
                     Work work, Slot& slot) {
  try {
    if constexpr (std::is_void_v<await_result_t<Work>>) {
      co_await std::forward<Work>(work);
      slot.emplace();
    } else {
      slot.emplace(co_await std::forward<Work>(work));
    }
  } catch (const Cancelled&) {
    co_return;
  } catch (...) {
    slot.fail(Failure::current());
  }
  if (any.set_first(index)) group.cancel();
}

template <class... Work>
auto run_any(Work... works) -> Task<AnyResult<await_result_t<Work>...>> {
  AnyResult<await_result_t<Work>...> any;
  TaskContext& outer = co_await current_context();
  TaskGroup group(outer);
  std::size_t index = 0;
  std::apply(
      [&](auto&... slot) {
        (run_contender<Work>(group.context(), group.join(), group, any, index++,
                             std::forward<Work>(works), slot),
         ...);
      },
      any.outcomes());
  co_await group.join().wait();
  if (!any.decided()) throw Cancelled();
  co_return std::move(any);
}

}  // namespace detail

// Awaits `works` side by side until one ends, cancels the others and waits for them.
//
// Errors:       None: a failure is an outcome. Cancelled if the scope ended before any branch.
// Cancellation: Cancellable; some bytes may have been transferred. Inherited by every branch.
template <class... A>
  requires(sizeof...(A) != 0 && (Awaitable<A> && ...))
auto when_any(A&&... works) {
  return detail::run_any<A...>(std::forward<A>(works)...);
}

}  // namespace coil
