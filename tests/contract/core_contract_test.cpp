// Covers: reactor.h, reactor_counters.h, trigger.h, run.h, log.h: starting, stopping, events.
#include "support/contract.h"

using namespace coil;
using std::chrono::milliseconds;

namespace {

using Strings = std::vector<std::string>;

TEST_CASE("stop before run, after run and twice is refused") {
  COIL_CONTRACT(reactor);
  CHECK_THROWS_AS(reactor->stop(), ReactorNotRunning);
  reactor->callWhenRunning([&] {
    reactor->stop();
    CHECK_THROWS_AS(reactor->stop(), ReactorNotRunning);
  });
  reactor->run();
  CHECK_THROWS_AS(reactor->stop(), ReactorNotRunning);
  CHECK_THROWS_AS(reactor->run(), ReactorNotRestartable);
}

TEST_CASE("can_stop is true where stop does not throw, also in errbacks that a stop calls") {
  COIL_CONTRACT(reactor);
  CHECK_FALSE(reactor->can_stop());
  Strings seen;
  auto note = [&](const char* where) {
    seen.push_back(std::string(where) + (reactor->can_stop() ? " yes" : " no"));
  };
  auto waits = []() -> Task<void> { co_await sleep(std::chrono::hours(1000)); };
  auto root = Deferred<void>::fromCoroutine(*reactor, waits());
  root.addErrback([&](const Failure&) {
    note("errback");
    if (reactor->can_stop()) reactor->stop();
  });
  auto starts = [&]() -> Task<void> {
    co_await yield();
    CHECK_FALSE(reactor->running());
    note("before startup");
  };
  reactor->addSystemEventTrigger(Phase::before, "startup", starts);
  reactor->addSystemEventTrigger(Phase::after, "shutdown", [&] { note("after shutdown"); });
  reactor->callWhenRunning([&] {
    note("running");
    reactor->stop();
    note("stopped");
  });
  reactor->run();
  CHECK(seen == Strings{"before startup yes", "running yes", "stopped no", "errback no",
                        "after shutdown no"});
  CHECK_FALSE(reactor->can_stop());
}

TEST_CASE("run of one task can be stopped from inside, as often as one likes") {
  COIL_CONTRACT(reactor);
  auto stops = [&]() -> Task<void> {
    CHECK(reactor->can_stop());
    reactor->stop();
    CHECK(reactor->can_stop());
    reactor->stop();
    co_await sleep(std::chrono::hours(1000));
  };
  CHECK_THROWS_AS(run(*reactor, stops()), Cancelled);
  CHECK_FALSE(reactor->can_stop());
}

TEST_CASE("run inside run is refused and leaves the outer one intact") {
  COIL_CONTRACT(reactor);
  bool refused = false;
  bool begun = false;
  auto inner = [&]() -> Task<void> {
    begun = true;
    co_return;
  };
  reactor->callLater(Duration::zero(), [&] {
    CHECK_THROWS_AS(run(*reactor, inner()), ReactorAlreadyRunning);
    CHECK_THROWS_AS(reactor->run(), ReactorAlreadyRunning);
    CHECK_THROWS_AS(reactor->iterate(), ReactorAlreadyRunning);
    refused = true;
    reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  });
  reactor->run();
  CHECK(refused);
  CHECK_FALSE(begun);
}

TEST_CASE("callWhenRunning runs in order before, and inline during, a run") {
  COIL_CONTRACT(reactor);
  Strings seen;
  for (const char* name : {"a", "b", "c"}) {
    const auto id = reactor->callWhenRunning([&seen, name, &reactor] {
      CHECK(reactor->running());
      seen.push_back(name);
    });
    CHECK(id.has_value());
  }
  reactor->callWhenRunning([&] {
    CHECK_FALSE(reactor->callWhenRunning([&] { seen.push_back("inline"); }).has_value());
    seen.push_back("after");
    reactor->stop();
  });
  reactor->run();
  CHECK(seen == Strings{"a", "b", "c", "inline", "after"});
}

TEST_CASE("running is false before startup, and true during and after it") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto note = [&](const char* phase) {
    seen.push_back(std::string(phase) + (reactor->running() ? " running" : " not running"));
  };
  reactor->addSystemEventTrigger(Phase::before, "startup", [&] { note("before"); });
  reactor->addSystemEventTrigger(Phase::during, "startup", [&] { note("during"); });
  reactor->addSystemEventTrigger(Phase::after, "startup", [&] {
    note("after");
    reactor->stop();
  });
  reactor->run();
  CHECK_FALSE(reactor->running());
  CHECK(seen == Strings{"before not running", "during running", "after running"});
}

TEST_CASE("stop runs the shutdown triggers in order and waits for what the first ones return") {
  COIL_CONTRACT(reactor);
  Strings seen;
  reactor->addSystemEventTrigger(Phase::after, "shutdown", [&] { seen.push_back("after"); });
  reactor->addSystemEventTrigger(Phase::during, "shutdown", [&] { seen.push_back("during"); });
  auto slow = [&]() -> Task<void> {
    seen.push_back("before starts");
    co_await sleep(milliseconds(2));
    seen.push_back("before ends");
  };
  reactor->addSystemEventTrigger(Phase::before, "shutdown", slow);
  reactor->addSystemEventTrigger(Phase::before, "shutdown", [&] { seen.push_back("before 2"); });
  reactor->callWhenRunning([&] { reactor->stop(); });
  reactor->run();
  CHECK(seen == Strings{"before 2", "before starts", "before ends", "during", "after"});
}

TEST_CASE("a trigger that throws is logged and stops no other one") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto thrower = [] { throw std::runtime_error("a broken trigger"); };
  for (const Phase phase : {Phase::before, Phase::during, Phase::after}) {
    reactor->addSystemEventTrigger(phase, "shutdown", thrower);
    reactor->addSystemEventTrigger(phase, "shutdown", [&] { seen.push_back("ran"); });
  }
  reactor->callWhenRunning([&] { reactor->stop(); });
  reactor->run();
  CHECK(seen.size() == 3);
  CHECK(reactor.log.size() == 3);
}

TEST_CASE("triggers are used up, and removing twice or a forged one is refused") {
  COIL_CONTRACT(reactor);
  int calls = 0;
  reactor->addSystemEventTrigger(Phase::during, "mine", [&] { ++calls; });
  const TriggerId removed =
      reactor->addSystemEventTrigger(Phase::during, "mine", [&] { calls += 100; });
  reactor->removeSystemEventTrigger(removed);
  CHECK_THROWS_AS(reactor->removeSystemEventTrigger(removed), UnknownTrigger);
  CHECK_THROWS_AS(reactor->removeSystemEventTrigger(TriggerId(999)), UnknownTrigger);
  CHECK_THROWS_AS(phase_from_string("within"), std::invalid_argument);
  reactor->fireSystemEvent("mine");
  reactor->fireSystemEvent("mine");
  reactor->fireSystemEvent("nobody listens");
  CHECK(calls == 1);
}

TEST_CASE("a startup trigger that never ends does not keep the reactor from stopping") {
  COIL_CONTRACT(reactor);
  auto forever = []() -> Task<void> { co_await sleep(std::chrono::hours(1000)); };
  reactor->addSystemEventTrigger(Phase::before, "startup", forever);
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  CHECK_FALSE(reactor->running());
}

TEST_CASE("crash ends the loop without shutdown triggers, and run may be called again") {
  COIL_CONTRACT(reactor);
  int shutdowns = 0;
  reactor->addSystemEventTrigger(Phase::during, "shutdown", [&] { ++shutdowns; });
  reactor->callLater(Duration::zero(), [&] { reactor->crash(); });
  reactor->run();
  CHECK(shutdowns == 0);
  CHECK_FALSE(reactor->running());
  reactor->callLater(Duration::zero(), [&] { reactor->stop(); });
  reactor->run();
  CHECK(shutdowns == 1);
}

TEST_CASE("what escapes a callback is logged and the loop goes on") {
  COIL_CONTRACT(reactor);
  reactor->callLater(Duration::zero(), [] { throw std::runtime_error("from a timer"); });
  reactor->callFromThread([] { throw std::runtime_error("from a thread call"); });
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  CHECK(reactor.log.size() == 2);
}

TEST_CASE("run gives a task's value, throws what it throws, and may be repeated") {
  COIL_CONTRACT(reactor);
  auto answer = []() -> Task<int> {
    co_await sleep(milliseconds(1));
    co_return 42;
  };
  auto broken = []() -> Task<int> {
    co_await yield();
    throw std::runtime_error("broken");
  };
  CHECK(run(*reactor, answer()) == 42);
  CHECK_THROWS_WITH_AS(run(*reactor, broken()), "broken", std::runtime_error);
  CHECK(run(*reactor, answer()) == 42);
}

TEST_CASE("stopping the loop early cancels the task that run waits for") {
  COIL_CONTRACT(reactor);
  bool unwound = false;
  auto endless = [&]() -> Task<void> {
    try {
      co_await sleep(std::chrono::hours(1000));
    } catch (const Cancelled&) {
      unwound = true;
      throw;
    }
  };
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  CHECK_THROWS_AS(run(*reactor, endless()), Cancelled);
  CHECK(unwound);
}

TEST_CASE("a stop cancels root tasks, waits for their clean-up, and names those that do not end") {
  COIL_CONTRACT(reactor);
  bool cleaned = false;
  auto polite = [&]() -> Task<void> {
    struct CleanUp {
      explicit CleanUp(bool& flag) : done(flag) {}
      ~CleanUp() { done = true; }
      bool& done;
    };
    const CleanUp clean_up(cleaned);
    co_await sleep(std::chrono::hours(1000));
  };
  detail::start_root<"polite">(*reactor, polite());
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  CHECK(cleaned);
  CHECK(reactor->last_stop().cancelled() == 1);
  CHECK(reactor->last_stop().forced() == 0);
}

TEST_CASE("a task that does not end in time is named, and the stop goes on without it") {
  COIL_CONTRACT(reactor);
  Event at_last;
  auto waits = [&]() -> Task<void> { co_await at_last.wait(); };
  auto stubborn = [&]() -> Task<void> { co_await shielded(waits()); };
  detail::start_root<"stubborn">(*reactor, stubborn());
  reactor->set_stop_deadline(milliseconds(1));
  reactor->callLater(Duration::zero(), [&] { reactor->stop(); });
  reactor->run();
  CHECK(reactor->last_stop().forced() == 1);
  at_last.set();
  reactor->iterate();
}

TEST_CASE("a task that is started while the reactor stops is asked to end as well") {
  COIL_CONTRACT(reactor);
  int told = 0;
  auto sleeps = [&]() -> Task<void> {
    try {
      co_await sleep(std::chrono::hours(1000));
    } catch (const Cancelled&) {
      ++told;
      throw;
    }
  };
  auto replaces_itself = [&]() -> Task<void> {
    try {
      co_await sleeps();
    } catch (const Cancelled&) {
      detail::start_root<"successor">(*reactor, sleeps());
      throw;
    }
  };
  detail::start_root<"first">(*reactor, replaces_itself());
  reactor->set_stop_deadline(std::chrono::hours(1000));
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  CHECK(told == 2);
}

TEST_CASE("iterate makes one turn and does not block when told so") {
  COIL_CONTRACT(reactor);
  bool late = false;
  bool due = false;
  reactor->callLater(std::chrono::hours(1000), [&] { late = true; });
  reactor->callLater(Duration::zero(), [&] { due = true; });
  reactor->iterate();
  CHECK(due);
  CHECK_FALSE(late);
}

TEST_CASE("what a module lends is found by its type") {
  COIL_CONTRACT(reactor);
  CHECK(reactor->find<std::string>() == nullptr);
  reactor->install(std::make_shared<std::string>("lent"));
  CHECK(*reactor->find<std::string>() == "lent");
  reactor->install(std::make_shared<std::string>("lent again"));
  CHECK(*reactor->find<std::string>() == "lent again");
}

TEST_CASE("what modules lend is torn down in reverse order, when nothing runs any more") {
  class First {
   public:
    explicit First(Strings& notes) : seen(notes) {}
    ~First() { seen.push_back("first"); }
    Strings& seen;
  };
  class Second : public First {
   public:
    using First::First;
    ~Second() { seen.push_back("second"); }
  };
  Strings seen;
  {
    COIL_CONTRACT(reactor);
    reactor->install(std::make_shared<First>(seen));
    reactor->install(std::make_shared<Second>(seen));
    auto waits = [&]() -> Task<void> {
      const absl::Cleanup end = [&] { seen.push_back("task"); };
      co_await sleep(std::chrono::hours(1000));
    };
    detail::start_root<"waits">(*reactor, waits());
    reactor->iterate();
  }
  if (seen.empty()) return;  // There was no such reactor.
  CHECK(seen == Strings{"task", "second", "first", "first"});
}

TEST_CASE("a crash in a timer leaves what is due beside it to the next run") {
  COIL_CONTRACT(reactor);
  Strings seen;
  const TimePoint due = reactor->now();
  for (const char* name : {"first", "second"}) {
    reactor->callLater(Duration::zero(), [&seen, &reactor, name] {
      seen.push_back(name);
      reactor->crash();
    });
  }
  reactor->run();
  CHECK(seen == Strings{"first"});
  CHECK(reactor->next_deadline() >= due);
  reactor->run();
  CHECK(seen == Strings{"first", "second"});
}

TEST_CASE("a foreign loop is told to turn at once for what waits already") {
  COIL_CONTRACT(reactor);
  CHECK(reactor->next_deadline() == TimePoint::max());
  int calls = 0;
  reactor->callFromThread([&] { ++calls; });
  CHECK(reactor->next_deadline() == reactor->now());
  reactor->iterate();
  CHECK(calls == 1);
  auto task = [&]() -> Task<void> {
    co_await yield();
    ++calls;
  };
  detail::start_root<"task">(*reactor, task());
  CHECK(reactor->next_deadline() == reactor->now());
  reactor->iterate();
  CHECK(calls == 2);
  CHECK(reactor->next_deadline() == TimePoint::max());
}

}  // namespace
