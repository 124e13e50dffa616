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

const Form statement_11(
    "a throw of what was awaited",
    []() -> Task<void> {
      try {
        throw co_await give();
      } catch (const Probe&) {
      }
    },
    bad);

const Form statement_12(
    "a co_return of an await",
    []() -> Task<void> {
      auto returns = []() -> Task<Probe> { co_return co_await give(); };
      co_await returns();
    },
    good);

const Form statement_13(
    "a co_return of an aggregate",
    []() -> Task<void> {
      auto returns = []() -> Task<Aggregate> { co_return Aggregate{}; };
      co_await returns();
    },
    good);

const Form statement_14(
    "an await that initializes a member",
    []() -> Task<void> { const Built built(co_await give()); }, good);

const Form statement_15(
    "an await in the condition of a loop",
    []() -> Task<void> {
      int rounds = 0;
      while (co_await take(Probe()) == 1 && ++rounds < 3) co_await take(Built());
    },
    good);

const Form statement_16(
    "an await in a switch",
    []() -> Task<void> {
      switch (co_await take(Probe())) {
        case 1:
          co_await take(Probe());
          break;
        default:
          break;
      }
    },
    good);

}  // namespace

}  // namespace forms
