// Covers: signal_watcher.h: who is told of a signal, once or again, and who is no more.
#include <coil/runtime/detail/root_task.h>

#include <stdexcept>
#include <vector>

#include "support/contract.h"
#include "support/signals.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

using Numbers = std::vector<int>;

// Turns the loop often enough for what was raised to have been seen.
void settle(Reactor& reactor) {
  for (int turns = 0; turns < 3; ++turns) reactor.iterate();
}

TEST_CASE("a watcher tells of a signal that comes while the loop waits") {
  COIL_CONTRACT(reactor);
  auto program = [&]() -> Task<int> {
    SignalWatcher watcher(*reactor, {signal_b});
    reactor->callLater(milliseconds(5), [&] { raise_for(*reactor, signal_b); });
    co_return co_await watcher.next();
  };
  CHECK(run(*reactor, program()) == signal_b);
}

TEST_CASE("every watcher of a signal sees it, and no other watcher does") {
  COIL_CONTRACT(reactor);
  auto program = [&]() -> Task<void> {
    SignalWatcher first(*reactor, signal_b);
    SignalWatcher second(*reactor, {signal_b, signal_c});
    SignalWatcher other(*reactor, {signal_c, signal_a});
    raise_for(*reactor, signal_b);
    CHECK(co_await first.next() == signal_b);
    CHECK(co_await second.next() == signal_b);
    CHECK_FALSE(other.try_next());
    raise_for(*reactor, signal_c);
    CHECK(co_await other.next() == signal_c);
    CHECK(co_await second.next() == signal_c);
    CHECK_FALSE(first.try_next());
  };
  run(*reactor, program());
}

TEST_CASE("what nobody waited for is kept, once for each number, the lowest first") {
  COIL_CONTRACT(reactor);
  SignalWatcher watcher(*reactor, {signal_c, signal_a, signal_b});
  for (const int number : {signal_c, signal_b, signal_a, signal_b}) {
    raise_for(*reactor, number);
    settle(*reactor);
  }
  auto program = [&]() -> Task<Numbers> {
    Numbers seen;
    for (int count = 0; count < 3; ++count) seen.push_back(co_await watcher.next());
    co_return seen;
  };
  CHECK(run(*reactor, program()) == Numbers{signal_a, signal_b, signal_c});
  CHECK_FALSE(watcher.try_next());
  // It goes on: what was taken may come again.
  raise_for(*reactor, signal_a);
  settle(*reactor);
  CHECK(watcher.try_next() == signal_a);
  CHECK_FALSE(watcher.try_next());
}

TEST_CASE("several tasks that wait at one watcher share its signals in the order they came") {
  COIL_CONTRACT(reactor);
  SignalWatcher watcher(*reactor, signal_b);
  Numbers seen;
  auto wait = [&](int who) -> Task<void> {
    co_await watcher.next();
    seen.push_back(who);
  };
  auto program = [&]() -> Task<void> {
    auto body = [&](TaskGroup& group) -> Task<void> {
      for (const int who : {1, 2, 3}) group.spawn(wait, who);
      for (std::size_t count = 1; count <= 3; ++count) {
        co_await sleep(Duration::zero());
        raise_for(*reactor, signal_b);
        while (seen.size() < count) co_await sleep(Duration::zero());
      }
    };
    co_await with_task_group(body);
  };
  run(*reactor, program());
  CHECK(seen == Numbers{1, 2, 3});
}

TEST_CASE("a wait that was cancelled takes nothing") {
  COIL_CONTRACT(reactor);
  SignalWatcher watcher(*reactor, signal_b);
  auto program = [&]() -> Task<void> {
    bool late = false;
    try {
      co_await with_timeout(milliseconds(1), watcher.next());
    } catch (const TimedOut&) {
      late = true;
    }
    CHECK(late);
    raise_for(*reactor, signal_b);
    CHECK(co_await watcher.next() == signal_b);
  };
  run(*reactor, program());
}

TEST_CASE("a signal that came in the turn of a cancellation is told all the same") {
  COIL_CONTRACT(reactor);
  SignalWatcher watcher(*reactor, signal_b);
  auto program = [&]() -> Task<void> {
    auto never = []() -> Task<int> {
      co_await sleep(hours(1000));
      co_return 0;
    };
    raise_for(*reactor, signal_b);
    CHECK(co_await with_timeout(hours(1), watcher.next()) == signal_b);
    raise_for(*reactor, signal_b);
    auto both = co_await when_any(watcher.next(), never());
    CHECK(both.first() == 0);
  };
  run(*reactor, program());
  // Cancelled before it waits: what is there stays.
  raise_for(*reactor, signal_b);
  settle(*reactor);
  bool cancelled = false;
  auto cancelled_early = [&]() -> Task<void> {
    (co_await current_context()).cancel();
    try {
      co_await watcher.next();
    } catch (const Cancelled&) {
      cancelled = true;
      throw;
    }
  };
  try {
    run(*reactor, cancelled_early());
  } catch (const Cancelled&) {
    CHECK(cancelled);
  }
  CHECK(watcher.try_next() == signal_b);
}

// How a wait ends: by a number, or 0 if the watcher was closed.
Task<int> number_or_closed(SignalWatcher& watcher) {
  try {
    co_return co_await watcher.next();
  } catch (const HandleClosed&) {
    co_return 0;
  }
}

TEST_CASE("closing a watcher ends every wait there, now and later, and drops what had come") {
  COIL_CONTRACT(reactor);
  SignalWatcher watcher(*reactor, signal_b);
  auto close = [&]() -> Task<int> {
    co_await yield();
    watcher.close();
    co_return 1;
  };
  auto program = [&]() -> Task<void> {
    const auto ends =
        co_await when_all(number_or_closed(watcher), number_or_closed(watcher), close());
    CHECK(ends == std::tuple(0, 0, 1));
    CHECK(co_await number_or_closed(watcher) == 0);
  };
  run(*reactor, program());
  CHECK(watcher.closed());
  watcher.close();

  SignalWatcher other(*reactor, signal_b);
  raise_for(*reactor, signal_b);
  settle(*reactor);
  other.close();
  CHECK_FALSE(other.try_next());
}

TEST_CASE("a watcher is not told of what came before it, for one that has gone") {
  COIL_CONTRACT(reactor);
  SignalWatcher former(*reactor, signal_a);
  raise_for(*reactor, signal_a);
  former.close();  // Before the loop has seen it.
  SignalWatcher watcher(*reactor, signal_a);
  settle(*reactor);
  CHECK_FALSE(watcher.try_next());
}

TEST_CASE("a watcher can be moved and destroyed while a task waits") {
  COIL_CONTRACT(reactor);
  std::optional<SignalWatcher> watcher(std::in_place, *reactor, signal_b);
  auto program = [&]() -> Task<void> {
    auto destroy = [&]() -> Task<int> {
      co_await yield();
      SignalWatcher moved = std::move(*watcher);
      CHECK(watcher->closed());
      CHECK_FALSE(moved.closed());
      CHECK(co_await number_or_closed(*watcher) == 0);
      co_return 1;
    };
    const auto ends = co_await when_all(number_or_closed(*watcher), destroy());
    CHECK(ends == std::tuple(0, 1));
  };
  run(*reactor, program());
}

TEST_CASE("a stop cancels the task that waits for signals") {
  COIL_CONTRACT(reactor);
  bool cancelled = false;
  auto waits = [&]() -> Task<void> {
    SignalWatcher watcher(*reactor, signal_b);
    reactor->stop();
    try {
      co_await watcher.next();
    } catch (const Cancelled&) {
      cancelled = true;
      throw;
    }
  };
  reactor->callWhenRunning([&] { detail::start_root<"waits">(*reactor, waits()); });
  reactor->run();
  CHECK(cancelled);
}

TEST_CASE("what cannot be watched is refused, and nothing is taken") {
  COIL_CONTRACT(reactor);
  const Disposition before(signal_b, &count_signal);
  auto watch = [&](Numbers numbers) {
    SignalWatcher watcher(*reactor, std::span<const int>(numbers));
  };
  for (const Numbers& numbers : {Numbers{}, Numbers{0}, Numbers{-1}, Numbers{1000},
                                 Numbers{signal_b, SIGSEGV}, Numbers{signal_b, 128}}) {
    CHECK_THROWS_AS(watch(numbers), std::invalid_argument);
    CHECK(handled_by(signal_b, &count_signal));
  }
  if (reactor->name() == "simulated") return;  // It asks no system.
  for (const int number : signals_withheld) {
    CHECK_THROWS_AS(watch({signal_b, number}), std::invalid_argument);
    CHECK(handled_by(signal_b, &count_signal));
  }
}

}  // namespace
