// Covers: deferred.h, callback.h, failure.h, result.h.
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/unhandled.h"

using namespace coil;
using coil::testing::broken;
using coil::testing::Unhandled;
using std::chrono::milliseconds;

namespace {

using Strings = std::vector<std::string>;

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

TEST_CASE("a callback of another type may replace the handle that it was added to") {
  Deferred<int> deferred = succeed(1);
  std::string text;
  deferred
      .addCallback([&](int value) {
        deferred = Deferred<int>();
        return std::to_string(value);
      })
      .addCallback([&](std::string value) { return text = value; });
  CHECK(text == "1");
  int next = 0;
  deferred.addCallback([&](int value) { return next = value; });
  deferred.callback(2);
  CHECK(next == 2);
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

TEST_CASE("so does one that is fired from its far end, and the cancelling of one") {
  std::vector<Deferred<int>> chain(100000);
  for (std::size_t index = 0; index + 1 < chain.size(); ++index) {
    chain[index].addCallback([next = chain[index + 1]](int) { return next; });
  }
  for (std::size_t index = chain.size(); index-- > 0;) chain[index].callback(9);
  int got = 0;
  chain[0].addCallback([&](int value) { return got = value; });
  CHECK(got == 9);
  // Each waits for one of another type: cancelling goes through both kinds of links.
  int cancelled = 0;
  Deferred<int> last(Deferred<int>::Canceller([&] { ++cancelled; }));
  std::vector<Deferred<int>> firsts{last};
  for (int count = 0; count < 100000; ++count) {
    Deferred<std::string> text =
        firsts.back().addCallback([](int value) { return std::to_string(value); });
    firsts.emplace_back();
    firsts.back().addCallback([text](int) mutable {
      return text.addCallback([](std::string value) { return static_cast<int>(value.size()); });
    });
    firsts.back().callback(0);
  }
  firsts.back().addErrback([&](Failure failure) {
    failure.trap<CancelledError>();
    return got = 1;
  });
  firsts.back().cancel();
  CHECK(cancelled == 1);
  CHECK(got == 1);
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
  // So does one of another type, whose own callback waits.
  Deferred<std::string> slow(Deferred<std::string>::Canceller([&] { ++cancelled; }));
  Deferred<std::string> waits = succeed(1).addCallback([&](int) { return slow; });
  waits.addErrback([](Failure failure) {
    failure.trap<CancelledError>();
    return std::string();
  });
  waits.cancel();
  CHECK(cancelled == 2);
}

TEST_CASE("a canceller that fails the Deferred has the word, and what it throws comes out") {
  Unhandled unhandled;
  std::string seen;
  Deferred<int>* self = nullptr;
  Deferred<int> fails(Deferred<int>::Canceller([&] { self->errback(broken("given up")); }));
  self = &fails;
  fails.addErrback([&](Failure failure) {
    seen = failure.getErrorMessage();
    return 0;
  });
  fails.cancel();
  CHECK(seen == "given up");
  CHECK_THROWS_AS(fails.callback(1), AlreadyCalledError);
  Deferred<int> throws(Deferred<int>::Canceller([] { throw std::runtime_error("stuck"); }));
  CHECK_THROWS_WITH_AS(throws.cancel(), "stuck", std::runtime_error);
  CHECK_FALSE(throws.called());
  throws.callback(1);
}

TEST_CASE("the canceller goes as soon as the Deferred has its result, and cancel does nothing") {
  auto held = std::make_shared<int>(1);
  Deferred<int> deferred(Deferred<int>::Canceller([held] { FAIL("it has fired"); }));
  CHECK(held.use_count() == 2);
  deferred.callback(1);
  CHECK(held.use_count() == 1);
  deferred.cancel();
  CHECK_THROWS_AS(deferred.callback(2), AlreadyCalledError);
}

TEST_CASE("a canceller may own the last handle but one to what it cancels") {
  int cancelled = 0;
  auto handle = std::make_shared<Deferred<int>>();
  *handle = Deferred<int>(Deferred<int>::Canceller([&cancelled, handle] { ++cancelled; }));
  Deferred<int> copy = *std::exchange(handle, nullptr);
  copy.addErrback([](Failure) { return 0; });
  copy.cancel();
  CHECK(cancelled == 1);
}

TEST_CASE("a callback that returns its own Deferred makes it fail, also after another type") {
  std::string seen;
  Deferred<int> self;
  self.addCallback([&](int) { return self; });
  self.addErrback([&](Failure failure) {
    seen = failure.getErrorMessage();
    return 0;
  });
  self.callback(1);
  CHECK(seen == "a callback returned its own Deferred");
  seen.clear();
  Deferred<int> first;
  Deferred<std::string> second;
  second = first.addCallback([&](int) { return second; });
  second.addErrback([&](Failure failure) { return seen = failure.getErrorMessage(); });
  first.callback(1);
  CHECK(seen == "a callback returned its own Deferred");
  second = Deferred<std::string>();
}

TEST_CASE("pauses are counted") {
  int got = 0;
  Deferred<int> deferred;
  deferred.addCallback([&](int value) { return got = value; });
  deferred.pause();
  deferred.pause();
  deferred.callback(4);
  deferred.unpause();
  CHECK(got == 0);
  deferred.unpause();
  CHECK(got == 4);
}

TEST_CASE("an unhandled failure is reported when the last handle goes, with where it was made") {
  Unhandled unhandled;
  const std::source_location here = std::source_location::current();
  {
    Deferred<int> deferred;
    deferred.errback(broken("nobody cared"));
    CHECK(unhandled.seen.empty());
  }
  CHECK(unhandled.seen == Strings{"nobody cared"});
  fail<int>(broken());
  REQUIRE(unhandled.sites.size() == 2);
  CHECK(unhandled.sites[0].line() == here.line() + 2);
  CHECK(unhandled.sites[1].line() == here.line() + 7);
  CHECK(std::string(unhandled.sites[1].file_name()) == here.file_name());
}

TEST_CASE("a failure that was handed on is reported once, and nothing is left behind") {
  Unhandled unhandled;
  {
    Deferred<int> inner;
    {
      Deferred<int> outer;
      outer.addCallback([inner](int) { return inner; });
      outer.callback(1);
      inner.errback(broken("moved"));
    }
    CHECK(unhandled.seen == Strings{"moved"});
    int left = 7;
    inner.addCallback([&](int value) { return left = value; });
    CHECK(left == 0);
  }
  CHECK(unhandled.seen.size() == 1);
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
