// when_all: run together, give every result; the first failure cancels the rest.
#pragma once

#include <coil/runtime/task_group.h>

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace coil {

namespace detail {

template <class T>
using value_or_monostate =
    std::conditional_t<std::is_void_v<T>, std::monostate, std::remove_cvref_t<T>>;

template <class Work, class Slot>
Strand run_branch(TaskContext&, StrandJoin&, TaskGroup& group, Work work, Slot& slot) {
  try {
    if constexpr (std::is_void_v<await_result_t<Work>>) {
      co_await std::forward<Work>(work);
      slot.emplace();
    } else {
      slot.emplace(co_await std::forward<Work>(work));
      if constexpr (is_result<typename Slot::value_type>) {
        if (!*slot) group.failed(slot->error().failure().exception());
      }
    }
  } catch (const Cancelled&) {
    // The others ended it, or the scope around did.
  } catch (...) {
    group.failed(std::current_exception());
  }
}

template <class... Work>
auto run_all(Work... works) -> Task<std::tuple<value_or_monostate<await_result_t<Work>>...>> {
  TaskContext& outer = co_await current_context();
  TaskGroup group(outer);
  std::tuple<std::optional<value_or_monostate<await_result_t<Work>>>...> slots;
  std::apply(
      [&](auto&... slot) {
        (run_branch<Work>(group.context(), group.join(), group, std::forward<Work>(works), slot),
         ...);
      },
      slots);
  co_await group.join().wait();
  group.rethrow_failure();
  const bool complete = std::apply([](auto&... slot) { return (slot.has_value() && ...); }, slots);
  if (!complete) throw Cancelled();
  co_return std::apply(
      [](auto&... slot) {
        return std::tuple<value_or_monostate<await_result_t<Work>>...>(std::move(*slot)...);
      },
      slots);
}

template <class T>
Task<std::vector<value_or_monostate<T>>> run_all_of(std::vector<Task<T>> tasks) {
  TaskContext& outer = co_await current_context();
  TaskGroup group(outer);
  std::vector<std::optional<value_or_monostate<T>>> slots(tasks.size());
  for (std::size_t index = 0; index < tasks.size(); ++index) {
    run_branch<Task<T>>(group.context(), group.join(), group, std::move(tasks[index]),
                        slots[index]);
  }
  co_await group.join().wait();
  group.rethrow_failure();
  std::vector<value_or_monostate<T>> values;
  values.reserve(slots.size());
  for (auto& slot : slots) {
    if (!slot) throw Cancelled();
    values.push_back(std::move(*slot));
  }
  co_return values;
}

}  // namespace detail

// Awaits all of `works` side by side and gives the tuple of their results; std::monostate for void.
//
// Example (tests/examples/when_example.cpp, "all"):
//
//   auto [name, age] = co_await when_all(read_name(), read_age());
//
// Errors:       The first failure, when all have ended.
// Cancellation: Cancellable; some bytes may have been transferred. Inherited by every branch.
template <class... A>
  requires(Awaitable<A> && ...)
auto when_all(A&&... works) {
  return detail::run_all<A...>(std::forward<A>(works)...);
}

// The same for any number of tasks of one type.
template <class T>
auto when_all(std::vector<Task<T>> tasks) {
  return detail::run_all_of<T>(std::move(tasks));
}

}  // namespace coil
