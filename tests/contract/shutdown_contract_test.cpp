// Covers: stop_report.h, reactor.h: what a stop says became of everything, and how it is forced.
#include <csignal>
#include <string>
#include <vector>

#include "support/contract.h"
#include "support/dies.h"

#include <coil/net.h>

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

using Strings = std::vector<std::string>;

constexpr int sleeps_line = __LINE__ + 1;
Task<void> sleeps() { co_await sleep(hours(1000)); }
Task<void> waits(Event& event) { co_await event.wait(); }
constexpr int shielded_line = __LINE__ + 1;
Task<void> shielded_wait(Event& event) { co_await shielded(waits(event)); }

// How the report says where a coroutine was written.
std::string at(int line) { return " (shutdown_contract_test.cpp:" + std::to_string(line) + ")"; }

const StoppedTasks* row_of(const Reactor& reactor, std::string_view name) {
  for (const StoppedTasks& tasks : reactor.last_stop().tasks) {
    if (tasks.name == name) return &tasks;
  }
  return nullptr;
}

TEST_CASE("a stop tells what ended by itself, what was cancelled, and what was forced") {
  COIL_CONTRACT(reactor);
  TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
  Event shutdown;
  Event enough;
  detail::start_root<"hears of it">(*reactor, waits(shutdown));
  detail::start_root<"sleeper">(*reactor, sleeps());
  detail::start_root<"sleeper">(*reactor, sleeps());
  detail::start_root<"stubborn">(*reactor, shielded_wait(enough));
  auto tell = [&]() -> Task<void> {
    shutdown.set();
    co_await yield();
  };
  constexpr int line = __LINE__ + 1;
  reactor->addSystemEventTrigger(Phase::before, "shutdown", tell);
  reactor->set_stop_deadline(milliseconds(1));
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  const StopReport& report = reactor->last_stop();
  CHECK(report.listeners_closed == 1);
  CHECK(report.ended() == 2);
  CHECK(report.cancelled() == 2);
  CHECK(report.forced() == 1);
  CHECK(row_of(*reactor, "hears of it")->ended == 1);
  CHECK(row_of(*reactor, "sleeper")->cancelled == 2);
  CHECK(row_of(*reactor, "sleeper")->site.line() == sleeps_line);
  CHECK(row_of(*reactor, "stubborn")->forced == 1);
  CHECK(row_of(*reactor, "system event trigger")->ended == 1);
  CHECK(row_of(*reactor, "system event trigger")->site.line() == line);
  const std::string text = report.text();
  CHECK(text.find("stopped: 1 listener closed, 2 ended, 2 cancelled, 1 forced\n") == 0);
  CHECK(text.find("\n  2 cancelled: sleeper" + at(sleeps_line)) != text.npos);
  CHECK(text.find("\n  1 forced: stubborn" + at(shielded_line)) != text.npos);
  enough.set();
  reactor->iterate();
  CHECK(report.forced() == 1);
}

TEST_CASE("a stop that finds nothing says so") {
  COIL_CONTRACT(reactor);
  reactor->callWhenRunning([&] { reactor->stop(); });
  reactor->run();
  CHECK(reactor->last_stop().tasks.empty());
  CHECK(reactor->last_stop().text() == "stopped: nothing was left");
}

TEST_CASE("a stop with no time at all still lets those that it cancels end") {
  COIL_CONTRACT(reactor);
  for (int count = 0; count < 3; ++count) detail::start_root<"sleeper">(*reactor, sleeps());
  reactor->set_stop_deadline(Duration::zero());
  reactor->callWhenRunning([&] { reactor->stop(); });
  reactor->run();
  CHECK(reactor->last_stop().cancelled() == 3);
  CHECK(reactor->last_stop().forced() == 0);
}

TEST_CASE("a coroutine behind a Deferred is named by its own site") {
  COIL_CONTRACT(reactor);
  Deferred<void> result = Deferred<void>::fromCoroutine(*reactor, sleeps());
  result.addErrback([](const Failure&) {});
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  REQUIRE(reactor->last_stop().tasks.size() == 1);
  CHECK(reactor->last_stop().tasks[0].text() == "1 cancelled: coroutine" + at(sleeps_line));
}

TEST_CASE("what waits inside a task that was forced is counted beside it") {
  COIL_CONTRACT(reactor);
  Event enough;
  auto group = [&]() -> Task<void> {
    auto body = [&](TaskGroup& children) -> Task<void> {
      children.spawn(&shielded_wait, outlives_group(enough));
      children.spawn(&shielded_wait, outlives_group(enough));
      co_return;
    };
    co_await with_task_group(body);
  };
  detail::start_root<"group">(*reactor, group());
  reactor->set_stop_deadline(milliseconds(1));
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  const StopReport& report = reactor->last_stop();
  CHECK(report.forced() == 1);
  REQUIRE(report.tasks.size() == 2);
  CHECK(report.tasks[1].text() == "2 inside a forced task: group" + at(shielded_line));
  enough.set();
  for (int turns = 0; turns < 5; ++turns) reactor->iterate();
}

TEST_CASE("a forced stop cancels the triggers that it waits for, and goes through every phase") {
  COIL_CONTRACT(reactor);
  CHECK_THROWS_AS(reactor->force_stop(), ReactorNotRunning);
  Strings seen;
  Event enough;
  auto slow = [&]() -> Task<void> {
    reactor->callLater(Duration::zero(), [&] { reactor->force_stop(); });
    try {
      co_await sleeps();
    } catch (const Cancelled&) {
      seen.push_back("cancelled");
      throw;
    }
  };
  detail::start_root<"stubborn">(*reactor, shielded_wait(enough));
  detail::start_root<"docile">(*reactor, sleeps());
  reactor->addSystemEventTrigger(Phase::before, "shutdown", slow);
  reactor->addSystemEventTrigger(Phase::during, "shutdown", [&] { seen.push_back("during"); });
  reactor->addSystemEventTrigger(Phase::after, "shutdown", [&] { seen.push_back("after"); });
  reactor->set_stop_deadline(hours(1000));
  reactor->callLater(milliseconds(1), [&] {
    CHECK_THROWS_AS(reactor->force_stop(), ReactorNotRunning);
    reactor->stop();
  });
  reactor->run();
  CHECK(seen == Strings{"cancelled", "during", "after"});
  CHECK(row_of(*reactor, "system event trigger")->cancelled == 1);
  CHECK(row_of(*reactor, "docile")->cancelled == 1);
  CHECK(row_of(*reactor, "stubborn")->forced == 1);
  CHECK_THROWS_AS(reactor->force_stop(), ReactorNotRunning);
  enough.set();
  reactor->iterate();
}

TEST_CASE("a stop that waits for tasks it has cancelled is forced at once") {
  COIL_CONTRACT(reactor);
  Event enough;
  auto forces = [&]() -> Task<void> {
    try {
      co_await sleeps();
    } catch (const Cancelled&) {
      reactor->callLater(Duration::zero(), [&] { reactor->force_stop(); });
      throw;
    }
  };
  detail::start_root<"stubborn">(*reactor, shielded_wait(enough));
  detail::start_root<"forces">(*reactor, forces());
  reactor->set_stop_deadline(hours(1000));
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  CHECK(reactor->last_stop().forced() == 1);
  CHECK(row_of(*reactor, "stubborn")->forced == 1);
  enough.set();
  reactor->iterate();
}

// Frames that nobody can end are left behind, which is no end for a leak check to look at.
void destroy_after_a_forced_stop() {
  Event never;
  {
    COIL_CONTRACT(reactor);
    reactor->set_log_sink(log_to_standard_error);
    reactor->set_stop_deadline(hours(1000));
    detail::start_root<"stubborn">(*reactor, shielded_wait(never));
    reactor->callLater(milliseconds(1), [&] {
      reactor->stop();
      reactor->callLater(Duration::zero(), [&] { reactor->force_stop(); });
    });
    reactor->run();
  }
  std::abort();
}

TEST_CASE("a reactor does not wait again for what was parked") {
  {
    COIL_CONTRACT(offered);
  }
  const std::string words = last_words([] { destroy_after_a_forced_stop(); });
  CHECK(words.find("a task did not end with its reactor: stubborn\n") != std::string::npos);
}

volatile std::sig_atomic_t own_signals = 0;

extern "C" void count_own_signal(int number) {
  own_signals = own_signals + 1;
  std::signal(number, &count_own_signal);  // Some systems take a handler away when they call it.
}

TEST_CASE("a handler of the program's own for SIGINT is left alone") {
  COIL_CONTRACT(reactor);
  const auto before = std::signal(SIGINT, &count_own_signal);
  reactor->callWhenRunning([&] { reactor->callLater(milliseconds(1), [&] { reactor->stop(); }); });
  reactor->callWhenRunning([] { std::raise(SIGINT); });
  reactor->run();
  CHECK(own_signals == 1);
  CHECK(reactor->exit_signal() == 0);
  CHECK((std::signal(SIGINT, before) == &count_own_signal));
}

}  // namespace
