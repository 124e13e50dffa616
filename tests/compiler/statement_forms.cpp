// Statements around an await that gives or takes an object.
#include "forms.h"

namespace forms {

namespace {

const Form statement_1(
    "two awaits in one expression",
    []() -> Task<void> {
      const int both = co_await take(Probe()) + co_await take(Probe());
      static_cast<void>(both);
    },
    good);

const Form statement_2(
    "an awaited object beside an await",
    []() -> Task<void> { static_cast<void>(sum(co_await give(), co_await leaf())); }, good);

const Form statement_3(
    "a range of awaited objects",
    []() -> Task<void> {
      for (const Probe& probe : co_await give_many()) static_cast<void>(probe);
    },
    good);

const Form statement_4(
    "a structured binding",
    []() -> Task<void> {
      const auto [first, second] = co_await give_two();
      static_cast<void>(first.value + second.value);
    },
    good);

const Form statement_5(
    "an if with an initializer",
    []() -> Task<void> {
      if (const Probe probe = co_await give(); probe.value == 0) co_return;
    },
    good);

const Form statement_6(
    "a ternary of two functions",
    []() -> Task<void> {
      const bool first = Probe::constructed == 0;
      co_await (first ? &take<Probe> : &take<Probe>)(Probe());
    },
    good);

const Form statement_7(
    "a logical and",
    []() -> Task<void> {
      if (co_await take(Probe()) != 0 && co_await take(Built()) != 0) co_return;
    },
    good);

const Form statement_8(
    "a comma", []() -> Task<void> { co_await take(Probe()), co_await take(Built()); }, good);

const Form statement_9(
    "an await as an argument of what is awaited",
    []() -> Task<void> { co_await take(co_await give()); }, good);

const Form statement_10(
    "an exception out of an await",
    []() -> Task<void> {
      auto fails = [](Probe probe) -> Task<void> {
        co_await leaf();
        if (probe.value == 1) throw Probe();
      };
      try {
        co_await fails(Probe());
      } catch (const Probe&) {
      }
    },
    good);

}  // namespace

}  // namespace forms
