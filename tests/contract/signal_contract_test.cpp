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
    SignalWatcher watcher(*reactor, {SIGUSR1});
    reactor->callLater(milliseconds(5), [&] { raise_for(*reactor, SIGUSR1); });
    co_return co_await watcher.next();
  };
  CHECK(run(*reactor, program()) == SIGUSR1);
}

TEST_CASE("every watcher of a signal sees it, and no other watcher does") {
  COIL_CONTRACT(reactor);
  auto program = [&]() -> Task<void> {
    SignalWatcher first(*reactor, SIGUSR1);
    SignalWatcher second(*reactor, {SIGUSR1, SIGUSR2});
    SignalWatcher other(*reactor, {SIGUSR2, SIGHUP});
    raise_for(*reactor, SIGUSR1);
    CHECK(co_await first.next() == SIGUSR1);
    CHECK(co_await second.next() == SIGUSR1);
    CHECK_FALSE(other.try_next());
    raise_for(*reactor, SIGUSR2);
    CHECK(co_await other.next() == SIGUSR2);
    CHECK(co_await second.next() == SIGUSR2);
    CHECK_FALSE(first.try_next());
  };
  run(*reactor, program());
}

TEST_CASE("what nobody waited for is kept, once for each number, the lowest first") {
  COIL_CONTRACT(reactor);
  SignalWatcher watcher(*reactor, {SIGUSR2, SIGHUP, SIGUSR1});
  for (const int number : {SIGUSR2, SIGUSR1, SIGHUP, SIGUSR1}) {
    raise_for(*reactor, number);
    settle(*reactor);
  }
  auto program = [&]() -> Task<Numbers> {
    Numbers seen;
    for (int count = 0; count < 3; ++count) seen.push_back(co_await watcher.next());
    co_return seen;
  };
  CHECK(run(*reactor, program()) == Numbers{SIGHUP, SIGUSR1, SIGUSR2});
  CHECK_FALSE(watcher.try_next());
  // It goes on: what was taken may come again.
  raise_for(*reactor, SIGHUP);
  settle(*reactor);
  CHECK(watcher.try_next() == SIGHUP);
  CHECK_FALSE(watcher.try_next());
}

TEST_CASE("several tasks that wait at one watcher share its signals in the order they came") {
  COIL_CONTRACT(reactor);
  SignalWatcher watcher(*reactor, SIGUSR1);
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
        raise_for(*reactor, SIGUSR1);
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
  SignalWatcher watcher(*reactor, SIGUSR1);
  auto program = [&]() -> Task<void> {
    bool late = false;
    try {
      co_await with_timeout(milliseconds(1), watcher.next());
    } catch (const TimedOut&) {
      late = true;
    }
    CHECK(late);
    raise_for(*reactor, SIGUSR1);
    CHECK(co_await watcher.next() == SIGUSR1);
  };
  run(*reactor, program());
}

TEST_CASE("a signal that came in the turn of a cancellation is told all the same") {
  COIL_CONTRACT(reactor);
  SignalWatcher watcher(*reactor, SIGUSR1);
  auto program = [&]() -> Task<void> {
    auto never = []() -> Task<int> {
      co_await sleep(hours(1000));
      co_return 0;
    };
    raise_for(*reactor, SIGUSR1);
    CHECK(co_await with_timeout(hours(1), watcher.next()) == SIGUSR1);
    raise_for(*reactor, SIGUSR1);
    auto both = co_await when_any(watcher.next(), never());
    CHECK(both.first() == 0);
  };
  run(*reactor, program());
  // Cancelled before it waits: what is there stays.
  raise_for(*reactor, SIGUSR1);
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
  CHECK(watcher.try_next() == SIGUSR1);
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
  SignalWatcher watcher(*reactor, SIGUSR1);
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

  SignalWatcher other(*reactor, SIGUSR1);
  raise_for(*reactor, SIGUSR1);
  settle(*reactor);
  other.close();
  CHECK_FALSE(other.try_next());
}

TEST_CASE("a watcher is not told of what came before it, for one that has gone") {
  COIL_CONTRACT(reactor);
  SignalWatcher former(*reactor, SIGUSR1);
  raise_for(*reactor, SIGUSR1);
  former.close();  // Before the loop has seen it.
  SignalWatcher watcher(*reactor, SIGUSR1);
  settle(*reactor);
  CHECK_FALSE(watcher.try_next());
}

TEST_CASE("a watcher can be moved and destroyed while a task waits") {
  COIL_CONTRACT(reactor);
  std::optional<SignalWatcher> watcher(std::in_place, *reactor, SIGUSR1);
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
    SignalWatcher watcher(*reactor, SIGUSR1);
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
  const Disposition before(SIGUSR1, &count_signal);
  auto watch = [&](Numbers numbers) {
    SignalWatcher watcher(*reactor, std::span<const int>(numbers));
  };
  for (const Numbers& numbers : {Numbers{}, Numbers{0}, Numbers{-1}, Numbers{1000},
                                 Numbers{SIGUSR1, SIGSEGV}, Numbers{SIGUSR1, 128}}) {
    CHECK_THROWS_AS(watch(numbers), std::invalid_argument);
    CHECK(handled_by(SIGUSR1, &count_signal));
  }
  if (reactor->name() == "simulated") return;  // It asks no system.
  for (const int number : {SIGKILL, SIGSTOP}) {
    CHECK_THROWS_AS(watch({SIGUSR1, number}), std::invalid_argument);
    CHECK(handled_by(SIGUSR1, &count_signal));
  }
}

}  // namespace
