// Covers: trigger.h, reactor.h: events that wait for each other, signals, and what the loop sees of
// its timers and threads.
#include <thread>

#include "support/contract.h"
#include "support/signals.h"

using namespace coil;
using coil::testing::Disposition;
using coil::testing::handled_by;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

using Strings = std::vector<std::string>;

TEST_CASE("signal handlers come with startup and have gone when run returns") {
  COIL_CONTRACT(reactor);
  const Disposition before(SIGTERM, SIG_DFL);  // The test framework has its own.
  Strings seen;
  auto note = [&](const char* phase) {
    seen.push_back(std::string(phase) + (handled_by(SIGTERM, SIG_DFL) ? " default" : " ours"));
  };
  reactor->addSystemEventTrigger(Phase::before, "startup", [&] { note("before"); });
  reactor->addSystemEventTrigger(Phase::after, "startup", [&] { note("after"); });
  reactor->callLater(Duration::zero(), [] { std::raise(SIGTERM); });
  reactor->run();
  CHECK(seen == Strings{"before default", "after ours"});
  CHECK(reactor->exit_signal() == SIGTERM);
  CHECK(handled_by(SIGTERM, SIG_DFL));
}

TEST_CASE("a trigger that ends an earlier one's wait does not hurry the ones behind it") {
  COIL_CONTRACT(reactor);
  Strings seen;
  Deferred<void> first;
  reactor->addSystemEventTrigger(Phase::before, "custom", [&] { return first; });
  reactor->addSystemEventTrigger(Phase::before, "custom", [&] {
    seen.push_back("second");
    first.callback();
  });
  reactor->addSystemEventTrigger(Phase::before, "custom", [&] { seen.push_back("third"); });
  reactor->addSystemEventTrigger(Phase::during, "custom", [&] { seen.push_back("during"); });
  reactor->fireSystemEvent("custom");
  while (seen.size() < 3) reactor->iterate();
  CHECK(seen == Strings{"second", "third", "during"});
}

TEST_CASE("a shutdown trigger that a crash left waiting does not answer for the next stop") {
  COIL_CONTRACT(reactor);
  Deferred<void> left;
  reactor->addSystemEventTrigger(Phase::before, "shutdown", [&] {
    reactor->crash();
    return left;
  });
  reactor->callLater(Duration::zero(), [&] { reactor->stop(); });
  reactor->run();
  bool waited = false;
  auto waits = [&]() -> Task<void> {
    co_await sleep(milliseconds(1));
    waited = true;
  };
  reactor->addSystemEventTrigger(Phase::before, "shutdown", waits);
  auto body = [&]() -> Task<void> {
    left.callback();
    co_await sleep(milliseconds(1));
    reactor->stop();
  };
  Deferred<void> done = inlineCallbacks(*reactor, body);
  reactor->run();
  CHECK(done.called());
  CHECK(waited);
}

TEST_CASE("an event that waits does not hold up another, and an unknown one is nothing") {
  COIL_CONTRACT(reactor);
  Strings seen;
  Deferred<void> pending;
  reactor->addSystemEventTrigger(Phase::before, "slow", [&] { return pending; });
  reactor->addSystemEventTrigger(Phase::during, "slow", [&] { seen.push_back("slow"); });
  reactor->addSystemEventTrigger(Phase::during, "quick", [&] { seen.push_back("quick"); });
  reactor->fireSystemEvent("slow");
  reactor->fireSystemEvent("quick");
  reactor->fireSystemEvent("never heard of");
  reactor->iterate();
  CHECK(seen == Strings{"quick"});
  pending.callback();
  while (seen.size() < 2) reactor->iterate();
  CHECK(seen == Strings{"quick", "slow"});
}

TEST_CASE("the next deadline is that of the earliest timer, whatever becomes of it") {
  COIL_CONTRACT(reactor);
  CHECK(reactor->next_deadline() == TimePoint::max());
  DelayedCall far = reactor->callLater(hours(2), [] {});
  CHECK(reactor->next_deadline() == far.getTime());
  DelayedCall near = reactor->callLater(hours(1), [] {});
  CHECK(reactor->next_deadline() == near.getTime());
  near.delay(hours(2));
  CHECK(reactor->next_deadline() == far.getTime());
  near.reset(milliseconds(1));
  CHECK(reactor->next_deadline() == near.getTime());
  near.cancel();
  far.cancel();
  CHECK(reactor->next_deadline() == TimePoint::max());
}

TEST_CASE("timers that are made and cancelled leave no memory behind") {
  COIL_CONTRACT(reactor);
  const std::int64_t blocks = detail::FramePool::live();
  for (int count = 0; count < 100'000; ++count) {
    reactor->callLater(hours(1 + count % 100), [] {}).cancel();
  }
  CHECK(detail::FramePool::live() == blocks);
}

TEST_CASE("only the thread that turns the loop is the reactor's thread") {
  COIL_CONTRACT(reactor);
  bool inside = false;
  bool outside = true;
  reactor->callLater(Duration::zero(), [&] {
    inside = reactor->isInIOThread();
    std::thread([&] { outside = reactor->isInIOThread(); }).join();
    reactor->stop();
  });
  reactor->run();
  CHECK(inside);
  CHECK_FALSE(outside);
}

}  // namespace
