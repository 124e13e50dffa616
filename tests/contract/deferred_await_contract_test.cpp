// Covers: detail/deferred_await.h: a task that awaits a Deferred, and is cancelled.
#include <string>
#include <vector>

#include "support/contract.h"
#include "support/unhandled.h"

using namespace coil;
using coil::testing::broken;
using coil::testing::Unhandled;

namespace {

using Strings = std::vector<std::string>;

Task<int> waits_for(Deferred<int> other) { co_return co_await other; }

// A coroutine that awaits `other` and was cancelled before it began.
Deferred<int> awaited_late(Reactor& reactor, Deferred<int> other) {
  Deferred<int> late = inlineCallbacks(reactor, waits_for, std::move(other));
  late.cancel();
  return late;
}

// Two coroutines whose clean-up takes its time, and what is heard of them.
class Slow {
 public:
  explicit Slow(Reactor& on) : reactor(on) {}

  Deferred<int> start(std::string name) {
    return inlineCallbacks(reactor, &Slow::run, std::ref(*this), std::move(name));
  }
  Deferred<std::string> start_and_convert(std::string name) {
    return start(std::move(name)).addCallback([](int value) { return std::to_string(value); });
  }
  // Awaits `other`, is cancelled meanwhile, and says when that wait has ended.
  template <class T>
  Task<void> is_cancelled_in(Deferred<T> other) {
    Deferred<void> waits = inlineCallbacks(reactor, &Slow::wait<T>, std::ref(*this), other);
    for (int turn = 0; turn < 4; ++turn) co_await yield();
    waits.cancel();
    const auto ended = co_await as_result(waits);
    seen.push_back(ended ? "a value" : ended.error().message());
  }

  Reactor& reactor;
  Strings seen;

 private:
  static Task<void> clean_up(Slow& self, std::string name) {
    for (int turn = 0; turn < 4; ++turn) co_await yield();
    self.seen.push_back(std::move(name));
  }
  static Task<int> run(Slow& self, std::string name) {
    Deferred<void> never;
    bool cancelled = false;
    try {
      co_await never;
    } catch (const Cancelled&) {
      cancelled = true;
    }
    if (cancelled) co_await shielded(clean_up(self, name));
    throw Cancelled();
  }
  template <class T>
  static Task<void> wait(Slow& self, Deferred<T> other) {
    try {
      co_await other;
    } catch (const Cancelled&) {
      self.seen.push_back("cancelled");
      throw;
    }
  }
};

TEST_CASE("a Deferred that is awaited in a cancelled scope is cancelled, and its value given") {
  COIL_CONTRACT(reactor);
  Unhandled unhandled;
  auto body = [&]() -> Task<void> {
    int cancelled = 0;
    Deferred<int> silent(Deferred<int>::Canceller([&] { ++cancelled; }));
    const auto given_up = co_await as_result(awaited_late(*reactor, silent));
    CHECK(given_up.error().failure().check<CancelledError>());
    CHECK(cancelled == 1);
    CHECK(silent.called());
    Deferred<int>* self = nullptr;
    Deferred<int> answers(Deferred<int>::Canceller([&] { self->callback(7); }));
    self = &answers;
    const int seven = co_await awaited_late(*reactor, answers);
    CHECK(seven == 7);
  };
  run(*reactor, body());
  CHECK(unhandled.seen.empty());
}

TEST_CASE("in a cancelled scope no failure hides that it was cancelled") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Deferred<int>* self = nullptr;
    Deferred<int> fails(Deferred<int>::Canceller([&] { self->errback(broken()); }));
    self = &fails;
    const auto failed = co_await as_result(awaited_late(*reactor, fails));
    CHECK(failed.error().failure().check<CancelledError>());
  };
  run(*reactor, body());
}

TEST_CASE("a Deferred that has fired keeps its result from a scope that was cancelled") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Deferred<int> fired = succeed(3);
    const auto given_up = co_await as_result(awaited_late(*reactor, fired));
    CHECK(given_up.error().failure().check<CancelledError>());
    const int kept = co_await fired;
    CHECK(kept == 3);
  };
  run(*reactor, body());
}

TEST_CASE("a cancelled await waits for the end of a coroutine, however the chain leads to it") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Slow slow(*reactor);
    co_await slow.is_cancelled_in(slow.start_and_convert("before"));
    Deferred<int> chain = succeed(1);
    chain.addCallback([&](int) { return slow.start("inside"); });
    co_await slow.is_cancelled_in(chain);
    const std::string told = CancelledError().what();
    CHECK(slow.seen == Strings{"before", "cancelled", told, "inside", "cancelled", told});
  };
  run(*reactor, body());
}

TEST_CASE("what combines Deferreds waits for the end of its coroutines when it is cancelled") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Slow slow(*reactor);
    std::vector<Deferred<int>> inputs{slow.start("first"), slow.start("second")};
    const auto consumes = DeferredListOptions().set_consume_errors(true);
    co_await slow.is_cancelled_in(DeferredList(inputs, consumes));
    CHECK(slow.seen == Strings{"first", "second", "a value"});
    slow.seen.clear();
    inputs = {slow.start("third")};
    co_await slow.is_cancelled_in(race(inputs));
    CHECK(slow.seen == Strings{"third", "all of 1 failed"});
  };
  run(*reactor, body());
}

TEST_CASE("a cancelled await keeps its word when a canceller throws, and that is reported") {
  COIL_CONTRACT(reactor);
  Unhandled unhandled;
  auto body = [&]() -> Task<void> {
    Deferred<int> stuck(Deferred<int>::Canceller([] { throw std::runtime_error("stuck"); }));
    Deferred<int> waits = inlineCallbacks(*reactor, waits_for, stuck);
    co_await yield();
    waits.cancel();
    const auto given_up = co_await as_result(waits);
    CHECK(given_up.error().failure().check<CancelledError>());
  };
  run(*reactor, body());
  CHECK(unhandled.seen == Strings{"stuck"});
}

}  // namespace
