// Covers: deferred.h, deferred_list.h, inline_callbacks.h: what a cancelled task waits for.
#include "support/contract.h"

#include "support/unhandled.h"

using namespace coil;
using coil::testing::broken;
using coil::testing::Unhandled;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

using Strings = std::vector<std::string>;

// What an inlineCallbacks is made of: it waits for `first`, and says what came of it.
Task<std::string> waits_for(Deferred<int> first) {
  const int value = co_await first;
  co_return std::to_string(value);
}

TEST_CASE("cancelling goes to the Deferred that is awaited, which may answer otherwise") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    int cancelled = 0;
    Deferred<int> silent(Deferred<int>::Canceller([&] { ++cancelled; }));
    Deferred<std::string> text = inlineCallbacks(*reactor, waits_for, silent);
    co_await yield();
    text.cancel();
    CHECK(cancelled == 1);
    const auto given_up = co_await as_result(text);
    CHECK(given_up.error().failure().check<CancelledError>());
    Deferred<int>* self = nullptr;
    Deferred<int> answers(Deferred<int>::Canceller([&] { self->callback(7); }));
    self = &answers;
    Deferred<std::string> kept = inlineCallbacks(*reactor, waits_for, answers);
    co_await yield();
    kept.cancel();
    const std::string seven = co_await kept;
    CHECK(seven == "7");
    Deferred<int> fails(Deferred<int>::Canceller([&] { self->errback(broken("worse")); }));
    self = &fails;
    Deferred<std::string> worse = inlineCallbacks(*reactor, waits_for, fails);
    co_await yield();
    worse.cancel();
    const auto failed = co_await as_result(worse);
    CHECK(failed.error().message() == "worse");
  };
  run(*reactor, body());
}

TEST_CASE("a coroutine that is cancelled may return, or throw something else") {
  COIL_CONTRACT(reactor);
  Deferred<void> never;
  auto returns = [&]() -> Task<int> {
    try {
      co_await never;
    } catch (const Cancelled&) {
      co_return 1;
    }
    co_return 0;
  };
  auto translates = [&]() -> Task<int> {
    Deferred<void> other;
    try {
      co_await other;
    } catch (const Cancelled&) {
      throw std::runtime_error("translated");
    }
    co_return 0;
  };
  auto body = [&]() -> Task<void> {
    Deferred<int> value = inlineCallbacks(*reactor, returns);
    Deferred<int> failure = inlineCallbacks(*reactor, translates);
    co_await yield();
    value.cancel();
    failure.cancel();
    const int returned = co_await value;
    CHECK(returned == 1);
    const auto translated = co_await as_result(failure);
    CHECK(translated.error().message() == "translated");
    never.callback();  // Swallowed: it was cancelled.
  };
  run(*reactor, body());
}

TEST_CASE("cancelling goes through every level, and waits for the clean-up of each") {
  COIL_CONTRACT(reactor);
  Strings seen;
  Deferred<void> never;
  Deferred<void> cleaned;
  auto clean_up = [&](std::string name) -> Task<void> {
    co_await cleaned;
    seen.push_back(std::move(name));
  };
  auto inner = [&]() -> Task<void> {
    bool cancelled = false;
    try {
      co_await never;
    } catch (const Cancelled&) {
      cancelled = true;
    }
    if (cancelled) co_await shielded(clean_up("inner"));
    co_await yield();  // Throws: the request is still there.
    seen.push_back("not reached");
  };
  auto outer = [&]() -> Task<void> {
    bool cancelled = false;
    try {
      co_await inlineCallbacks(*reactor, inner);
    } catch (const Cancelled&) {
      cancelled = true;
    }
    seen.push_back(cancelled ? "outer" : "outer was not told");
    throw Cancelled();
  };
  auto body = [&]() -> Task<void> {
    Deferred<void> top = inlineCallbacks(*reactor, outer);
    for (int turn = 0; turn < 4; ++turn) co_await yield();
    top.cancel();
    for (int turn = 0; turn < 4; ++turn) co_await yield();
    CHECK(seen.empty());
    CHECK_FALSE(top.called());
    cleaned.callback();
    const auto ended = co_await as_result(top);
    CHECK(ended.error().failure().check<CancelledError>());
  };
  run(*reactor, body());
  CHECK(seen == Strings{"inner", "outer"});
}

// Awaits what `wrap` makes of a coroutine whose clean-up takes its time, and is cancelled.
template <class Wrap>
void cancel_behind(Reactor& reactor, Wrap wrap) {
  Unhandled unhandled;
  Strings seen;
  Deferred<void> cleaned;
  auto clean_up = [&]() -> Task<void> {
    co_await cleaned;
    seen.push_back("inner");
  };
  auto inner = [&]() -> Task<int> {
    bool cancelled = false;
    try {
      co_await sleep(hours(1000));
    } catch (const Cancelled&) {
      cancelled = true;
    }
    if (cancelled) co_await shielded(clean_up());
    throw Cancelled();
  };
  auto outer = [&]() -> Task<void> {
    try {
      co_await wrap(inlineCallbacks(reactor, inner));
    } catch (...) {
      seen.push_back("outer");
    }
  };
  auto body = [&]() -> Task<void> {
    Deferred<void> top = inlineCallbacks(reactor, outer);
    co_await sleep(milliseconds(1));
    top.cancel();
    for (int turn = 0; turn < 4; ++turn) co_await yield();
    CHECK(seen.empty());
    cleaned.callback();
    co_await top;
  };
  run(reactor, body());
  CHECK(seen == Strings{"inner", "outer"});
  CHECK(unhandled.seen.empty());
}

TEST_CASE("a clean-up is waited for behind callbacks, lists, races and locks as well") {
  COIL_CONTRACT(reactor);
  using Inputs = std::vector<Deferred<int>>;
  cancel_behind(*reactor, [](Deferred<int> work) {
    return work.addCallback([](int value) { return std::to_string(value); });
  });
  cancel_behind(*reactor, [](Deferred<int> work) {
    return Deferred<void>(succeed().addCallback([work] { return work; }).addCallback([](int) {}));
  });
  cancel_behind(*reactor, [](const Deferred<int>& work) {
    return gatherResults(Inputs{work, Deferred<int>()});
  });
  cancel_behind(*reactor, [](const Deferred<int>& work) { return race(Inputs{work}); });
  DeferredLock lock;
  cancel_behind(*reactor, [&](Deferred<int> work) { return lock.run([work] { return work; }); });
  CHECK_FALSE(lock.locked());
}

TEST_CASE("a clean-up that an errback begins is waited for by the task that was cancelled") {
  COIL_CONTRACT(reactor);
  Deferred<void> cleaned;
  bool ended = false;
  auto waits = [&]() -> Task<void> {
    Deferred<void> work;
    work.addErrback([&](Failure) { return cleaned; });
    co_await work;
    ended = true;
  };
  auto body = [&]() -> Task<void> {
    Deferred<void> top = inlineCallbacks(*reactor, waits);
    co_await yield();
    top.cancel();
    for (int turn = 0; turn < 4; ++turn) co_await yield();
    CHECK_FALSE(top.called());
    cleaned.callback();
    co_await top;
    CHECK(ended);
  };
  run(*reactor, body());
}

TEST_CASE("a canceller that throws does not keep a cancelled task, and is reported") {
  COIL_CONTRACT(reactor);
  Unhandled unhandled;
  auto waits = [&]() -> Task<void> {
    co_await Deferred<void>(Deferred<void>::Canceller([] { throw std::runtime_error("stuck"); }));
  };
  auto body = [&]() -> Task<void> {
    Deferred<void> top = inlineCallbacks(*reactor, waits);
    co_await yield();
    top.cancel();
    const auto ended = co_await as_result(top);
    CHECK(ended.error().failure().check<CancelledError>());
  };
  run(*reactor, body());
  CHECK(unhandled.seen == Strings{"stuck"});
}

}  // namespace
