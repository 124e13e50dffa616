// The examples of reactor.h, reactor_factory.h and trigger.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <memory>
#include <string>

using namespace coil;

namespace {

int saved = 0;
void save() { ++saved; }

}  // namespace

TEST_CASE("run and stop") {
  // [run and stop]
  std::unique_ptr<Reactor> reactor = make_reactor();
  reactor->callLater(std::chrono::milliseconds(5), [&] { reactor->stop(); });
  reactor->run();
  // [/run and stop]
  CHECK_FALSE(reactor->running());
}

TEST_CASE("account and counters") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  auto sleeper = []() -> Task<void> { co_await sleep(std::chrono::hours(1)); };
  auto root = Deferred<void>::fromCoroutine(reactor, sleeper());
  root.addErrback([](Failure) {});
  reactor.callLater(Duration::zero(), [&] { reactor.stop(); });
  // [account]
  reactor.run();
  for (const StoppedTasks& tasks : reactor.last_stop().tasks) {
    if (tasks.forced != 0) std::puts(tasks.text().c_str());
  }
  // [/account]
  CHECK(reactor.last_stop().cancelled() == 1);
  CHECK(reactor.last_stop().forced() == 0);
  // [counters]
  std::uint64_t turns = reactor.counters().turns;
  // [/counters]
  CHECK(turns > 0);
}

TEST_CASE("report") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  reactor.callLater(Duration::zero(), [&] { reactor.stop(); });
  // [report]
  reactor.run();
  std::puts(reactor.last_stop().text().c_str());
  // [/report]
  CHECK(reactor.last_stop().tasks.empty());
}

TEST_CASE("options") {
  // [options]
  std::unique_ptr<Reactor> reactor = make_reactor(ReactorOptions().set_kind(ReactorKind::epoll));
  // [/options]
  CHECK(reactor->name() == "epoll");
}

TEST_CASE("unavailable") {
  std::unique_ptr<Reactor> reactor;
  // [unavailable]
  try {
    reactor = make_reactor(ReactorOptions().set_kind(ReactorKind::io_uring));
  } catch (const ReactorUnavailable& refusal) {
    std::puts(refusal.what());
  }
  // [/unavailable]
  CHECK((reactor == nullptr || reactor->name() == "io_uring"));
}

TEST_CASE("available") {
  // [available]
  for (const AvailableReactor& entry : available_reactors()) {
    std::printf("%s: %s\n", entry.name.c_str(), entry.refusal.c_str());
  }
  // [/available]
  CHECK_FALSE(available_reactors().empty());
}

TEST_CASE("triggers") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  // [triggers]
  TriggerId id = reactor.addSystemEventTrigger(Phase::before, "shutdown", [] { save(); });
  reactor.removeSystemEventTrigger(id);
  // [/triggers]
  // [triggers]
  reactor.addSystemEventTrigger(Phase::before, "shutdown", []() -> Task<void> {
    co_await sleep(std::chrono::milliseconds(1));  // The shutdown waits for it.
    save();
  });
  // [/triggers]
  reactor.callLater(Duration::zero(), [&] { reactor.stop(); });
  reactor.run();
  CHECK(saved == 1);
}
