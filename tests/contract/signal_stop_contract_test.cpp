// Covers: signal_watcher.h, reactor.h: the signals that stop a reactor, and what the process did
// about a signal before.
#include <thread>

#include "support/contract.h"
#include "support/signals.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

// True, and noted, for a reactor whose watchers take nothing from the process.
bool stands_apart(Reactor& reactor) {
  if (reactor.name() != "simulated") return false;
  note_skip("signals of the process on the simulated reactor", "raise_signal alone reaches it");
  return true;
}

TEST_CASE("SIGINT and SIGTERM stop a reactor, and which of them it was is kept") {
  for (const int number : {SIGINT, SIGTERM}) {
    COIL_CONTRACT(reactor);
    const Disposition before(number, SIG_DFL);
    reactor->callLater(milliseconds(1), [&] { raise_for(*reactor, number); });
    reactor->run();
    CHECK(reactor->exit_signal() == number);
    CHECK(handled_by(number, SIG_DFL));
  }
}

TEST_CASE("what the program has for SIGINT is left alone, a handler or that it is ignored") {
  for (const SignalFunction own : {SignalFunction(&count_signal), SignalFunction(SIG_IGN)}) {
    COIL_CONTRACT(reactor);
    const Disposition before(SIGINT, own);
    const int counted = signals_counted;
    reactor->callLater(milliseconds(1), [&] {
      std::raise(SIGINT);
      CHECK(reactor->can_stop());
      reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
    });
    reactor->run();
    CHECK(reactor->exit_signal() == 0);
    CHECK(signals_counted - counted == (own == SIG_IGN ? 0 : 1));
  }
}

TEST_CASE("a program may keep the reactor from taking the signals") {
  COIL_CONTRACT(reactor);
  const Disposition interrupt(SIGINT, SIG_DFL);
  const Disposition terminate(SIGTERM, &count_signal);
  reactor->set_stop_on_signals(false);
  const int counted = signals_counted;
  reactor->callLater(milliseconds(1), [&] {
    CHECK(handled_by(SIGINT, SIG_DFL));
    raise_for(*reactor, SIGTERM);
    std::raise(SIGTERM);
    CHECK(reactor->can_stop());
    reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  });
  reactor->run();
  CHECK(signals_counted > counted);
  CHECK(reactor->exit_signal() == 0);
}

TEST_CASE("a signal that a watcher has does not stop the reactor while the watcher lives") {
  for (const int number : {SIGINT, SIGTERM}) {
    COIL_CONTRACT(reactor);
    const Disposition before(number, SIG_DFL);
    auto program = [&]() -> Task<void> {
      std::optional<SignalWatcher> watcher(std::in_place, *reactor, number);
      raise_for(*reactor, number);
      CHECK(co_await watcher->next() == number);
      co_await sleep(milliseconds(1));
      CHECK(reactor->can_stop());
      CHECK(reactor->exit_signal() == 0);
      watcher.reset();
      raise_for(*reactor, number);
    };
    reactor->callWhenRunning([&] { detail::start_root<"program">(*reactor, program()); });
    reactor->run();
    CHECK(reactor->exit_signal() == number);
    CHECK(handled_by(number, SIG_DFL));
  }
}

TEST_CASE("a watcher on another reactor keeps its signal from the stop as well") {
  COIL_CONTRACT(reactor);
  if (stands_apart(*reactor)) return;
  const Disposition before(SIGTERM, SIG_DFL);
  const std::unique_ptr<Reactor> other = make_contract_reactor();
  std::optional<SignalWatcher> watcher(std::in_place, *other, SIGTERM);
  reactor->callLater(milliseconds(1), [&] { std::raise(SIGTERM); });
  bool went_on = false;
  reactor->callLater(milliseconds(5), [&] {
    went_on = reactor->can_stop();
    for (int turns = 0; turns < 3; ++turns) other->iterate();
    CHECK(watcher->try_next() == SIGTERM);
    watcher.reset();
    std::raise(SIGTERM);
  });
  reactor->run();
  CHECK(went_on);
  CHECK(reactor->exit_signal() == SIGTERM);
}

TEST_CASE("an exit signal that came for a watcher which has gone stops the reactor") {
  COIL_CONTRACT(reactor);
  std::optional<SignalWatcher> watcher(std::in_place, *reactor, SIGTERM);
  reactor->callLater(milliseconds(1), [&] {
    raise_for(*reactor, SIGTERM);
    watcher.reset();
  });
  reactor->run();
  CHECK(reactor->exit_signal() == SIGTERM);
}

TEST_CASE("a watcher that comes before run, or ends before it, leaves the program's own SIGINT") {
  COIL_CONTRACT(reactor);
  if (stands_apart(*reactor)) return;
  const Disposition before(SIGINT, &count_signal);
  std::optional<SignalWatcher> watcher(std::in_place, *reactor, SIGINT);
  CHECK_FALSE(handled_by(SIGINT, &count_signal));
  const int counted = signals_counted;
  reactor->callLater(milliseconds(1), [&] {
    watcher.reset();
    CHECK(handled_by(SIGINT, &count_signal));
    std::raise(SIGINT);
    reactor->stop();
  });
  reactor->run();
  CHECK(signals_counted == counted + 1);
  CHECK(reactor->exit_signal() == 0);
}

TEST_CASE("what the process did about a signal comes back with the last watcher") {
  COIL_CONTRACT(reactor);
  if (stands_apart(*reactor)) return;
  for (const SignalFunction own : {SignalFunction(&count_signal), SignalFunction(SIG_IGN)}) {
    const Disposition before(signal_b, own);
    std::optional<SignalWatcher> first(std::in_place, *reactor, signal_b);
    std::optional<SignalWatcher> second(std::in_place, *reactor, signal_b);
    CHECK(restarts_calls(signal_b));
    first.reset();
    CHECK_FALSE(handled_by(signal_b, own));
    second->close();
    CHECK(handled_by(signal_b, own));
  }
}

TEST_CASE("a handler that the program sets over a watcher's stays, and a new watcher takes over") {
  COIL_CONTRACT(reactor);
  if (stands_apart(*reactor)) return;
  const Disposition before(signal_b, SIG_IGN);
  std::optional<SignalWatcher> first(std::in_place, *reactor, signal_b);
  std::signal(signal_b, &count_signal);
  {
    SignalWatcher second(*reactor, signal_b);
    std::raise(signal_b);
    for (int turns = 0; turns < 3; ++turns) reactor->iterate();
    CHECK(second.try_next() == signal_b);
    CHECK(first->try_next() == signal_b);
  }
  first.reset();
  CHECK(handled_by(signal_b, &count_signal));

  first.emplace(*reactor, signal_b);
  std::signal(signal_b, SIG_IGN);
  first.reset();
  CHECK(handled_by(signal_b, SIG_IGN));
}

TEST_CASE("a reactor that ends closes its watchers") {
  const Disposition before(signal_b, &count_signal);
  std::optional<SignalWatcher> watcher;
  {
    COIL_CONTRACT(reactor);
    watcher.emplace(*reactor, signal_b);
  }
  CHECK(watcher->closed());
  CHECK(handled_by(signal_b, &count_signal));
  CHECK_FALSE(watcher->try_next());
}

// A reactor of its own that counts one signal, on a thread of its own.
void watch_on_thread(std::atomic<int>& watching, std::atomic<int>& seen) {
  const std::unique_ptr<Reactor> reactor = make_contract_reactor();
  auto program = [&]() -> Task<void> {
    SignalWatcher watcher(*reactor, signal_b);
    ++watching;
    co_await watcher.next();
    ++seen;
  };
  run(*reactor, program());
}

TEST_CASE("the reactors of several threads all see a signal") {
  COIL_CONTRACT(reactor);
  if (stands_apart(*reactor)) return;
  std::atomic<int> watching{0};
  std::atomic<int> seen{0};
  std::vector<std::jthread> threads;
  for (int count = 0; count < 3; ++count) {
    threads.emplace_back([&] { watch_on_thread(watching, seen); });
  }
  SignalWatcher here(*reactor, signal_b);
  while (watching != 3) std::this_thread::yield();
  raise_in_process(signal_b);
  auto next = [&]() -> Task<int> { co_return co_await here.next(); };
  CHECK(run(*reactor, next()) == signal_b);
  threads.clear();
  CHECK(seen == 3);
}

TEST_CASE("the exit signals are those of one reactor, and a later one gets them in turn") {
  COIL_CONTRACT(reactor);
  const Disposition before(SIGTERM, SIG_DFL);
  const std::unique_ptr<Reactor> other = make_contract_reactor();
  other->callLater(milliseconds(1), [&] { other->stop(); });
  reactor->callLater(milliseconds(1), [&] {
    other->run();
    CHECK(other->exit_signal() == 0);
    CHECK_FALSE(handled_by(SIGTERM, SIG_DFL));
    raise_for(*reactor, SIGTERM);
  });
  reactor->run();
  CHECK(reactor->exit_signal() == SIGTERM);
  const std::unique_ptr<Reactor> next = make_contract_reactor();
  next->callLater(milliseconds(1), [&] { raise_for(*next, SIGTERM); });
  next->run();
  CHECK(next->exit_signal() == SIGTERM);
}

}  // namespace
