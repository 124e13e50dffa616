// Covers: deferred_list.h, race.h, inline_callbacks.h.
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/unhandled.h"

using namespace coil;
using coil::testing::broken;
using coil::testing::Unhandled;

namespace {

using Numbers = std::vector<int>;
using Strings = std::vector<std::string>;
using Results = std::vector<Result<int>>;
using Inputs = std::vector<Deferred<int>>;

// An input that counts how often it is cancelled.
Deferred<int> counted(int& cancelled) {
  return Deferred<int>(Deferred<int>::Canceller([&cancelled] { ++cancelled; }));
}

TEST_CASE("lists keep the order of their inputs, and an empty one fires at once") {
  Inputs inputs(3);
  Numbers got;
  gatherResults(inputs).addCallback([&](Numbers values) { return got = values; });
  inputs[2].callback(2);
  inputs[0].callback(0);
  CHECK(got.empty());
  inputs[1].callback(1);
  CHECK(got == Numbers{0, 1, 2});
  int empty_fired = 0;
  auto count = [&](auto results) {
    if (results.empty()) ++empty_fired;
    return results;
  };
  DeferredList(Inputs()).addCallback(count);
  gatherResults(Inputs()).addCallback(count);
  CHECK(empty_fired == 2);
}

TEST_CASE("a list leaves each input its result, and its failures unless they are consumed") {
  for (const bool consumes : {false, true}) {
    Unhandled unhandled;
    {
      Inputs inputs(2);
      Results got;
      auto list = DeferredList(inputs, DeferredListOptions().set_consume_errors(consumes));
      list.addCallback([&](Results results) { return got = results; });
      inputs[1].errback(broken());
      inputs[0].callback(4);
      int left = 0;
      inputs[0].addCallback([&](int value) { return left = value; });
      CHECK(left == 4);
      REQUIRE(got.size() == 2);
      CHECK(*got[0] == 4);
      CHECK(got[1].error().message() == "broken");
    }
    CHECK(unhandled.seen == (consumes ? Strings{} : Strings{"broken"}));
  }
}

TEST_CASE("gathering fails with the index of the first that failed; later failures vanish") {
  Unhandled unhandled;
  std::size_t index = 99;
  std::string why;
  {
    Inputs inputs(3);
    gatherResults(inputs).addErrback([&](Failure failure) {
      failure.visit<FirstError>([&](const FirstError& error) {
        index = error.index();
        why = error.failure().getErrorMessage();
      });
      return Numbers();
    });
    inputs[1].errback(broken("first"));
    CHECK(index == 1);
    CHECK(why == "first");
    inputs[0].errback(broken("late"));
    inputs[2].callback(1);
  }
  CHECK(unhandled.seen.empty());
}

TEST_CASE("a list may fire with the first value, which is then the only one it has") {
  Unhandled unhandled;
  Inputs inputs(3);
  Results got;
  const auto options =
      DeferredListOptions().set_fire_on_one_callback(true).set_consume_errors(true);
  DeferredList(inputs, options).addCallback([&](Results results) { return got = results; });
  inputs[2].errback(broken());
  CHECK(got.empty());
  inputs[1].callback(5);
  REQUIRE(got.size() == 3);
  CHECK(got[0].error().code() == std::errc::operation_in_progress);
  CHECK(*got[1] == 5);
  CHECK(got[2].error().message() == "broken");
  inputs[0].callback(6);  // It was not cancelled, and comes too late for the list.
  CHECK_FALSE(got[0]);
  Inputs failing(2);
  DeferredList(failing, options).addCallback([&](Results results) { return got = results; });
  for (Deferred<int>& input : failing) input.errback(broken());
  CHECK(got.size() == 2);
}

TEST_CASE("cancelling a list reaches every input, also when one canceller throws") {
  int cancelled = 0;
  Inputs inputs;
  inputs.push_back(counted(cancelled));
  inputs.emplace_back(Deferred<int>::Canceller([] { throw std::runtime_error("stuck"); }));
  inputs.push_back(counted(cancelled));
  bool failed = false;
  auto list = DeferredList(inputs, DeferredListOptions().set_consume_errors(true));
  list.addErrback([&](Failure failure) {
    failed = failure.check<CancelledError>();
    return Results();
  });
  list.cancel();
  CHECK(cancelled == 2);
  CHECK(failed);
  inputs[1].callback(1);  // Too late: the list was fired.
  list.cancel();
  CHECK(cancelled == 2);
}

TEST_CASE("a cancelled list gives what came of its inputs, and gathering their first failure") {
  int cancelled = 0;
  Inputs inputs{counted(cancelled), counted(cancelled)};
  Results got;
  auto list = DeferredList(inputs, DeferredListOptions().set_consume_errors(true));
  list.addCallback([&](Results results) { return got = results; });
  list.cancel();
  REQUIRE(got.size() == 2);
  CHECK(got[1].error().failure().check<CancelledError>());
  Inputs more{counted(cancelled), counted(cancelled)};
  auto gathered = gatherResults(more);
  bool first = false;
  gathered.addErrback([&](Failure failure) {
    first = failure.check<FirstError>();
    return Numbers();
  });
  gathered.cancel();
  CHECK(first);
  CHECK(cancelled == 4);
}

TEST_CASE("a list that has fired cancels nothing") {
  int cancelled = 0;
  Inputs inputs{counted(cancelled), counted(cancelled)};
  const auto options = DeferredListOptions().set_fire_on_one_callback(true);
  auto list = DeferredList(inputs, options);
  inputs[0].callback(1);
  list.cancel();
  CHECK(cancelled == 0);
}

TEST_CASE("values that cannot be copied, and none at all, go to the list") {
  using Owner = std::unique_ptr<int>;
  std::vector<Deferred<Owner>> owners(1);
  int got = 0;
  DeferredList(owners).addCallback([&](std::vector<Result<Owner>> results) {
    got = **results[0];
    return std::vector<Result<Owner>>();
  });
  owners[0].callback(std::make_unique<int>(3));
  CHECK(got == 3);
  std::vector<Deferred<void>> nothing(2);
  DeferredList(nothing).addCallback([&](std::vector<Result<void>> results) {
    got = static_cast<int>(results.size());
    return results;
  });
  for (Deferred<void>& one : nothing) one.callback();
  CHECK(got == 2);
}

TEST_CASE("a race is won by the first value; the losers are cancelled, and what they do vanishes") {
  Unhandled unhandled;
  std::pair<std::size_t, int> won(99, 0);
  int cancelled = 0;
  {
    Inputs inputs{counted(cancelled), Deferred<int>(), counted(cancelled), Deferred<int>()};
    race(inputs).addCallback([&](std::pair<std::size_t, int> winner) { return won = winner; });
    inputs[3].errback(broken());
    CHECK(won.first == 99);
    inputs[1].callback(7);
    CHECK(won == std::pair<std::size_t, int>(1, 7));
    CHECK(cancelled == 2);
    CHECK_THROWS_AS(inputs[0].callback(1), AlreadyCalledError);
  }
  CHECK(unhandled.seen.empty());
  std::vector<Deferred<void>> both(2);
  race(both).addCallback([&](const auto& winner) { won.first = winner.first; });
  both[0].callback();
  CHECK(won.first == 0);
  both[1].callback();  // Swallowed: it was cancelled.
}

TEST_CASE("a race that is won before it begins cancels those behind the winner as well") {
  int cancelled = 0;
  Inputs inputs{counted(cancelled), succeed(7), counted(cancelled)};
  std::size_t winner = 99;
  race(inputs).addCallback([&](const auto& won) { winner = won.first; });
  CHECK(winner == 1);
  CHECK(cancelled == 2);
}

TEST_CASE("a race that all lose fails with why, in the order of the inputs") {
  Unhandled unhandled;
  Inputs inputs(3);
  Strings seen;
  auto note = [&](Failure failure) {
    failure.visit<FailureGroup>([&](const FailureGroup& group) {
      for (const Failure& one : group.failures()) seen.push_back(one.getErrorMessage());
    });
    return std::pair<std::size_t, int>();
  };
  race(inputs).addErrback(note);
  inputs[2].errback(broken("c"));
  inputs[0].errback(broken("a"));
  CHECK(seen.empty());
  inputs[1].errback(broken("b"));
  CHECK(seen == Strings{"a", "b", "c"});
  int failed = 0;
  race(Inputs()).addErrback([&](Failure failure) {
    failed += failure.check<FailureGroup>() ? 1 : 0;
    return std::pair<std::size_t, int>();
  });
  CHECK(failed == 1);
}

TEST_CASE("cancelling a race cancels every input") {
  int cancelled = 0;
  Inputs inputs{counted(cancelled), counted(cancelled)};
  auto first = race(inputs);
  bool all_failed = false;
  first.addErrback([&](Failure failure) {
    all_failed = failure.check<FailureGroup>();
    return std::pair<std::size_t, int>();
  });
  first.cancel();
  CHECK(cancelled == 2);
  CHECK(all_failed);
}

TEST_CASE("maybeDeferred takes values, exceptions, failures, results and Deferreds alike") {
  int sum = 0;
  auto add = [&](int value) { return sum += value; };
  auto rescue = [&](int value) {
    return [&sum, value](Failure failure) {
      failure.trap<std::runtime_error>();
      return sum += value;
    };
  };
  maybeDeferred([](int value) { return value; }, 1).addCallback(add);
  maybeDeferred([] { return succeed(2); }).addCallback(add);
  maybeDeferred([]() -> int { throw std::runtime_error("no"); }).addErrback(rescue(4));
  maybeDeferred([] { return Result<int>(8); }).addCallback(add);
  maybeDeferred([] { return Result<int>(Error(broken())); }).addErrback(rescue(16));
  maybeDeferred([] { return broken(); }).addErrback([&](Failure) { sum += 32; });
  maybeDeferred([&] { sum += 64; });
  CHECK(sum == 127);
}

}  // namespace
