// Aggregates in co_await expressions.
#include "forms.h"

namespace forms {

namespace {

const Form aggregate_1(
    "designated braces",
    []() -> Task<void> { co_await take<Aggregate>({.probe = Probe(), .number = 2}); }, bad);

const Form aggregate_2("empty braces", []() -> Task<void> { co_await take<Aggregate>({}); }, bad);

const Form aggregate_3(
    "a named type with empty braces", []() -> Task<void> { co_await take(Aggregate{}); }, bad);

const Form aggregate_4(
    "a named type with values", []() -> Task<void> { co_await take(Aggregate{Probe(), 2}); }, bad);

const Form aggregate_5(
    "parentheses with values", []() -> Task<void> { co_await take(Two{Probe(), Probe()}); }, bad);

const Form aggregate_6(
    "by const reference", []() -> Task<void> { co_await look(Aggregate{}); }, bad);

const Form aggregate_7(
    "by rvalue reference", []() -> Task<void> { co_await grab(Aggregate{}); }, bad);

const Form aggregate_8("nested", []() -> Task<void> { co_await take(Outer{Aggregate{}}); }, bad);

const Form aggregate_9(
    "with a base", []() -> Task<void> { co_await take(Derived{Aggregate{}, 2}); }, bad);

const Form aggregate_10(
    "as a default argument", []() -> Task<void> { co_await with_default(); }, bad);

const Form aggregate_11("as the awaiter", []() -> Task<void> { co_await AggregateAwaiter{}; }, bad);

const Form aggregate_12(
    "in a ternary",
    []() -> Task<void> {
      const bool first = Probe::constructed == 0;
      co_await take(first ? Aggregate{Probe(), 1} : Aggregate{Probe(), 2});
    },
    bad);

const Form aggregate_13(
    "with a member that is called", []() -> Task<void> { co_await Aggregate{}.member(); }, bad);

const Form aggregate_14(
    "with awaits inside",
    []() -> Task<void> {
      const Sum sum{Probe(), co_await leaf(), co_await leaf()};
      static_cast<void>(sum);
    },
    bad);

const Form aggregate_15(
    "of two awaited objects",
    []() -> Task<void> {
      const Two two{co_await give(), co_await give()};
      static_cast<void>(two);
    },
    bad);

const Form aggregate_16(
    "with an equals sign and an await inside",
    []() -> Task<void> {
      const Aggregate value = {Probe(), co_await leaf()};
      static_cast<void>(value);
    },
    bad);

const Form aggregate_17(
    "as an array", []() -> Task<void> { co_await take(std::array<Probe, 2>{Probe(), Probe()}); },
    bad);

const Form aggregate_18(
    "beside an await, as an argument",
    []() -> Task<void> {
      const auto apply = [](const Aggregate& value, int number) { return value.number + number; };
      static_cast<void>(apply(Aggregate{}, co_await leaf()));
    },
    bad);

const Form aggregate_19(
    "made by a function", []() -> Task<void> { co_await take(make_aggregate()); }, good);

const Form aggregate_20(
    "named and moved",
    []() -> Task<void> {
      Aggregate named{};
      co_await take(std::move(named));
    },
    good);

const Form aggregate_21(
    "named and copied",
    []() -> Task<void> {
      const Aggregate named{};
      co_await take(named);
    },
    good);

const Form aggregate_22(
    "in a statement of its own",
    []() -> Task<void> {
      Task<int> task = take(Aggregate{});
      co_await std::move(task);
    },
    good);

}  // namespace

}  // namespace forms
