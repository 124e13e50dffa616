// Closures in co_await expressions.
#include "forms.h"

#include <memory>

namespace forms {

namespace {

const Form closure_1(
    "a closure that copies its capture, passed by value",
    []() -> Task<void> {
      Probe probe;
      co_await call([probe] { return probe.value; });
    },
    bad);

const Form closure_2(
    "a closure that copies its capture, passed by forwarding reference",
    []() -> Task<void> {
      Probe probe;
      co_await call_forwarded([probe] { return probe.value; });
    },
    bad);

const Form closure_3(
    "a closure that copies its capture, passed by const reference",
    []() -> Task<void> {
      Probe probe;
      co_await call_const([probe] { return probe.value; });
    },
    bad);

const Form closure_4(
    "a closure that moves its capture",
    []() -> Task<void> {
      Probe probe;
      co_await call([own = std::move(probe)] { return own.value; });
    },
    bad);

const Form closure_5(
    "a closure that makes its capture",
    []() -> Task<void> { co_await call([own = Probe()] { return own.value; }); }, bad);

const Form closure_6(
    "a mutable closure",
    []() -> Task<void> {
      Probe probe;
      co_await call([probe]() mutable { return ++probe.value; });
    },
    bad);

const Form closure_7(
    "a closure that captures by reference",
    []() -> Task<void> {
      Probe probe;
      co_await call([&probe] { return probe.value; });
    },
    good);

const Form closure_8(
    "a closure without captures", []() -> Task<void> { co_await call([] { return 1; }); }, good);

const Form closure_9(
    "a closure that captures a number",
    []() -> Task<void> {
      const int number = Probe::constructed;
      co_await call([number] { return number; });
    },
    good);

const Form closure_10(
    "a closure that becomes a std::function",
    []() -> Task<void> {
      Probe probe;
      co_await call_erased([probe] { return probe.value; });
    },
    bad);

const Form closure_11(
    "a closure inside a closure",
    []() -> Task<void> {
      Probe probe;
      co_await call([inner = [probe] { return probe.value; }] { return inner(); });
    },
    bad);

const Form closure_12(
    "a closure that is a coroutine, called in place",
    []() -> Task<void> {
      Probe probe;
      co_await [probe]() -> Task<int> { co_return probe.value; }();
    },
    bad);

const Form closure_13(
    "a closure in the condition of an if",
    []() -> Task<void> {
      Probe probe;
      if (co_await call([probe] { return probe.value; }) == 0) co_return;
    },
    bad);

const Form closure_14(
    "a closure beside an await, as an argument",
    []() -> Task<void> {
      Probe probe;
      const auto apply = [](const auto& function, int number) { return function() + number; };
      static_cast<void>(apply([probe] { return probe.value; }, co_await leaf()));
    },
    bad);

const Form closure_15(
    "a named closure that is moved",
    []() -> Task<void> {
      Probe probe;
      auto named = [probe] { return probe.value; };
      co_await call(std::move(named));
    },
    good);

const Form closure_16(
    "a named closure that is copied",
    []() -> Task<void> {
      Probe probe;
      auto named = [probe] { return probe.value; };
      co_await call(named);
    },
    good);

const Form closure_17(
    "a named closure by forwarding reference",
    []() -> Task<void> {
      Probe probe;
      auto named = [probe] { return probe.value; };
      co_await call_forwarded(named);
    },
    good);

const Form closure_18(
    "a named closure that becomes a std::function",
    []() -> Task<void> {
      Probe probe;
      auto named = [probe] { return probe.value; };
      co_await call_erased(named);
    },
    good);

const Form closure_19(
    "a closure in a statement of its own",
    []() -> Task<void> {
      Probe probe;
      Task<int> task = call([probe] { return probe.value; });
      co_await std::move(task);
    },
    good);

}  // namespace

}  // namespace forms
