// Covers: deferred.h, deferred_list.h, callback.h, failure.h, result.h.
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace coil;
using std::chrono::milliseconds;

namespace {

using Strings = std::vector<std::string>;

// Collects the failures that nobody handled.
class Unhandled {
 public:
  Unhandled()
      : before_(set_unhandled_failure_sink([this](const Failure& failure, std::source_location) {
          seen.push_back(failure.getErrorMessage());
        })) {}
  Unhandled(const Unhandled&) = delete;
  Unhandled& operator=(const Unhandled&) = delete;
  ~Unhandled() { set_unhandled_failure_sink(before_); }
  Strings seen;

 private:
  UnhandledFailureSink before_;
};

Failure broken(const char* what = "broken") { return Failure(std::runtime_error(what)); }

TEST_CASE("values and failures take their lanes, and change them") {
  Strings seen;
  Deferred<int> deferred;
  deferred.addCallback([&](int value) {
    seen.push_back("value " + std::to_string(value));
    throw std::runtime_error("thrown");
    return value;
  });
  deferred.addCallback([&](int value) {
    seen.push_back("skipped");
    return value;
  });
  deferred.addErrback([&](Failure failure) {
    seen.push_back(failure.getErrorMessage());
    return 7;
  });
  deferred.addCallback([&](int value) {
    seen.push_back("again " + std::to_string(value));
    return value;
  });
  deferred.callback(1);
  CHECK(seen == Strings{"value 1", "thrown", "again 7"});
}

TEST_CASE("a callback of another type makes a new Deferred and closes this one") {
  Deferred<int> deferred;
  Deferred<std::string> text =
      deferred.addCallback([](int value) { return std::to_string(value); });
  std::string got;
  text.addCallback([&](std::string value) {
    got = value;
    return value;
  });
  deferred.callback(12);
  CHECK(got == "12");
}

TEST_CASE("firing twice is refused in every combination") {
  Unhandled unhandled;
  for (const bool first_fails : {false, true}) {
    Deferred<int> deferred;
    if (first_fails) {
      deferred.errback(broken());
    } else {
      deferred.callback(1);
    }
    CHECK_THROWS_AS(deferred.callback(2), AlreadyCalledError);
    CHECK_THROWS_AS(deferred.errback(broken()), AlreadyCalledError);
  }
  CHECK(unhandled.seen.size() == 1);
}

TEST_CASE("a callback that returns a Deferred makes the chain wait for its result") {
  Unhandled unhandled;
  Deferred<int> inner;
  Deferred<int> outer;
  int got = 0;
  outer.addCallback([&](int) { return inner; });
  outer.addCallback([&](int value) { return got = value; });
  outer.callback(1);
  CHECK(got == 0);
  inner.callback(5);
  CHECK(got == 5);
  Deferred<int> failing;
  Deferred<int> waiting;
  waiting.addCallback([&](int) { return failing; });
  waiting.addErrback([&](Failure) { return got = 6; });
  waiting.callback(1);
  failing.errback(broken());
  CHECK(got == 6);
  CHECK(unhandled.seen.empty());
}

TEST_CASE("a callback added by a running one runs after it, not inside it") {
  Strings seen;
  Deferred<int> deferred;
  deferred.addCallback([&](int value) {
    deferred.addCallback([&](int same) {
      seen.push_back("added");
      return same;
    });
    seen.push_back("first");
    return value;
  });
  deferred.callback(1);
  CHECK(seen == Strings{"first", "added"});
}

TEST_CASE("a chain of a hundred thousand Deferreds takes constant stack, fired or dropped") {
  for (const bool fires : {true, false}) {
    std::vector<Deferred<int>> chain(100000);
    int got = 0;
    for (std::size_t index = 0; index + 1 < chain.size(); ++index) {
      Deferred<int> next = chain[index + 1];
      chain[index].addCallback([next](int) { return next; });
    }
    for (std::size_t index = 0; index + 1 < chain.size(); ++index) chain[index].callback(0);
    chain[0].addCallback([&](int value) { return got = value; });
    if (fires) chain.back().callback(9);
    CHECK(got == (fires ? 9 : 0));
    chain.clear();
  }
}

TEST_CASE("cancel calls the canceller, or fires CancelledError and swallows one late result") {
  Strings seen;
  auto watch = [&](Deferred<int>& deferred) {
    deferred.addBoth([&](Result<int> result) {
      seen.push_back(result ? std::to_string(*result) : result.error().message());
      return 0;
    });
  };
  Deferred<int> plain;
  watch(plain);
  plain.cancel();
  plain.cancel();
  plain.callback(1);
  CHECK_THROWS_AS(plain.callback(2), AlreadyCalledError);
  Deferred<int>* fired = nullptr;
  Deferred<int> own(Deferred<int>::Canceller([&] { fired->callback(3); }));
  fired = &own;
  watch(own);
  own.cancel();
  own.cancel();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0] == CancelledError().what());
  CHECK(seen[1] == "3");
}

TEST_CASE("cancelling one that waits for another cancels the other") {
  int cancelled = 0;
  Deferred<int> inner(Deferred<int>::Canceller([&] { ++cancelled; }));
  Deferred<int> outer;
  outer.addCallback([&](int) { return inner; });
  Deferred<std::string> text = outer.addCallback([](int) { return std::string("x"); });
  text.addErrback([](Failure failure) {
    failure.trap<CancelledError>();
    return std::string("cancelled");
  });
  outer.callback(1);
  text.cancel();
  CHECK(cancelled == 1);
}

TEST_CASE("an unhandled failure is reported when the last handle goes, and only then") {
  Unhandled unhandled;
  {
    Deferred<int> deferred;
    deferred.errback(broken("nobody cared"));
    CHECK(unhandled.seen.empty());
  }
  CHECK(unhandled.seen == Strings{"nobody cared"});
}

TEST_CASE("lists keep the order of their inputs, and gathering fails with the index") {
  Unhandled unhandled;
  std::vector<Deferred<int>> inputs(3);
  std::vector<int> got;
  gatherResults(inputs).addCallback([&](std::vector<int> values) { return got = values; });
  inputs[2].callback(2);
  inputs[0].callback(0);
  inputs[1].callback(1);
  CHECK(got == std::vector<int>{0, 1, 2});
  std::vector<Deferred<int>> more(2);
  std::size_t index = 99;
  gatherResults(more).addErrback([&](Failure failure) {
    failure.visit<FirstError>([&](const FirstError& error) { index = error.index(); });
    return std::vector<int>();
  });
  more[1].errback(broken());
  CHECK(index == 1);
  bool empty_fired = false;
  DeferredList(std::vector<Deferred<int>>()).addCallback([&](std::vector<Result<int>> results) {
    empty_fired = results.empty();
    return results;
  });
  CHECK(empty_fired);
}

TEST_CASE("maybeDeferred takes values, exceptions and Deferreds alike") {
  int sum = 0;
  auto add = [&](int value) { return sum += value; };
  maybeDeferred([] { return 1; }).addCallback(add);
  maybeDeferred([] { return succeed(2); }).addCallback(add);
  maybeDeferred([]() -> int { throw std::runtime_error("no"); }).addErrback([&](Failure) {
    return sum += 4;
  });
  CHECK(sum == 7);
}

TEST_CASE("a Deferred is awaited, and a task becomes a Deferred, with failure and cancel") {
  const std::unique_ptr<Reactor> reactor = make_reactor();
  auto work = [](bool fails) -> Task<int> {
    co_await sleep(milliseconds(1));
    if (fails) throw std::runtime_error("task failed");
    co_return 5;
  };
  auto endless = []() -> Task<int> {
    co_await sleep(std::chrono::hours(1000));
    co_return 0;
  };
  auto body = [&]() -> Task<void> {
    Deferred<int> later;
    reactor->callLater(milliseconds(1), [later]() mutable { later.callback(3); });
    CHECK(co_await later == 3);
    CHECK(co_await succeed(4) == 4);
    CHECK(co_await Deferred<int>::fromCoroutine(*reactor, work(false)) == 5);
    const auto failed = co_await as_result(Deferred<int>::fromCoroutine(*reactor, work(true)));
    CHECK(failed.error().message() == "task failed");
    Deferred<int> cancelled = Deferred<int>::fromCoroutine(*reactor, endless());
    cancelled.cancel();
    CHECK((co_await as_result(cancelled)).error().failure().check<CancelledError>());
    Deferred<int> late;
    late.addTimeout(milliseconds(1), *reactor);
    CHECK((co_await as_result(late)).error().code() == Errc::timed_out);
    Deferred<int> never;
    const auto given_up = co_await as_result(with_timeout(milliseconds(1), never));
    CHECK(given_up.error().code() == Errc::timed_out);
    for (int count = 0; count < 100000; ++count) co_await succeed(1);
  };
  run(*reactor, body());
}

TEST_CASE("a failure traps its kinds and throws the others again") {
  const Failure failure = broken();
  CHECK(failure.check<std::exception>());
  CHECK_FALSE(failure.check<std::logic_error>());
  CHECK_NOTHROW(failure.trap<std::runtime_error>());
  CHECK_THROWS_AS(failure.trap<std::logic_error>(), std::runtime_error);
  CHECK(Failure::from_code(std::make_error_code(std::errc::connection_reset), "x")
            .check<ConnectionLost>());
}

}  // namespace
