// Types with constructors of their own in co_await expressions: the shape of coil's API.
#include "forms.h"

#include <memory>
#include <optional>

namespace forms {

namespace {

const Form built_1(
    "a type with constructors", []() -> Task<void> { co_await take(Built()); }, good);

const Form built_2("empty braces", []() -> Task<void> { co_await take<Built>({}); }, good);

const Form built_3(
    "made of a temporary", []() -> Task<void> { co_await take(Built(Probe())); }, good);

const Form built_4("by const reference", []() -> Task<void> { co_await look(Built()); }, good);

const Form built_5("by rvalue reference", []() -> Task<void> { co_await grab(Built()); }, good);

const Form built_6(
    "with setters", []() -> Task<void> { co_await take(Built().set_number(2)); }, good);

const Form built_7("as the awaiter", []() -> Task<void> { co_await BuiltAwaiter(); }, good);

const Form built_8(
    "in a ternary",
    []() -> Task<void> {
      const bool first = Probe::constructed == 0;
      co_await take(first ? Built() : Built(Probe()));
    },
    bad);

const Form built_9(
    "with a member that is called", []() -> Task<void> { co_await Built().member(); }, good);

const Form built_10("a plain object", []() -> Task<void> { co_await take(Probe()); }, good);

const Form built_11(
    "a plain object by const reference", []() -> Task<void> { co_await look(Probe()); }, good);

const Form built_12(
    "a pair", []() -> Task<void> { co_await take(std::pair<Probe, Probe>(Probe(), Probe())); },
    good);

const Form built_13(
    "an optional", []() -> Task<void> { co_await take(std::optional<Probe>(Probe())); }, good);

const Form built_14(
    "a unique_ptr", []() -> Task<void> { co_await take(std::make_unique<Probe>()); }, good);

const Form built_15(
    "a std::function of a named closure",
    []() -> Task<void> {
      Probe probe;
      auto named = [probe] { return probe.value; };
      co_await call_erased(std::function<int()>(named));
    },
    good);

}  // namespace

}  // namespace forms
