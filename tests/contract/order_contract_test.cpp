// Covers: the order of events: one program of timers, calls, tasks and threads has the same history
// on every reactor, real or simulated.
#include <coil/testing/simulated_reactor.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "support/contract.h"

using namespace coil;
using std::chrono::milliseconds;

namespace {

using History = std::vector<std::string>;

// Posts from a thread that has ended when this returns, so that nothing is left to chance.
template <class Post>
void from_a_thread(Post post) {
  std::thread(post).join();
}

// A real clock may come late by any time, and then finds two timers due in one turn that simulated
// time would have kept apart. So the program goes from stage to stage, and inside a stage only what
// must come in one order does.
class Program {
 public:
  explicit Program(Reactor& reactor) : reactor_(reactor) {}

  History run() {
    reactor_.addSystemEventTrigger(Phase::before, "startup", [this] { note("startup"); });
    reactor_.addSystemEventTrigger(Phase::before, "shutdown", [this] { note("shutdown"); });
    reactor_.callWhenRunning([this] {
      note("running");
      timers();
    });
    reactor_.run();
    return history_;
  }

 private:
  void note(std::string what) { history_.push_back(std::move(what)); }
  DelayedCall note_when(const char* what, Duration after) {
    return reactor_.callLater(after, [this, what] { note(what); });
  }

  void timers() {
    note_when("equal 1", milliseconds(3));
    note_when("equal 2", milliseconds(3));
    note_when("later", milliseconds(9));
    note_when("zero", Duration::zero());
    note_when("moved back", milliseconds(1)).reset(milliseconds(5));
    note_when("moved forward", milliseconds(8)).delay(milliseconds(-4));
    note_when("never", milliseconds(2)).cancel();
    note_when("equal 3", milliseconds(3));
    reactor_.callLater(milliseconds(12), [this] {
      note("last timer");
      note_when("nested 1", Duration::zero());
      note_when("nested 2", Duration::zero());
      reactor_.callLater(Duration::zero(), [this] { start(tasks()); });
    });
  }

  Task<void> task(std::string name) {
    for (int step = 0; step < 3; ++step) {
      note(name + std::to_string(step));
      co_await yield();
    }
    co_await turn_.wait();
    note(name + " after the event");
  }
  Task<void> sets() {
    for (int step = 0; step < 5; ++step) co_await yield();
    note("sets the event");
    turn_.set();
    co_await sleep(Duration::zero());
    note("slept");
  }
  Task<void> tasks() {
    co_await when_all(task("a"), task("b"), sets());
    note("tasks have ended");
    start(threads());
  }

  Task<void> threads() {
    from_a_thread([this] {
      for (const char* name : {"thread 1", "thread 2", "thread 3"}) {
        reactor_.callFromThread([this, name] { posted(name); });
      }
      reactor_.callFromThread(node_);
    });
    note("thread has ended");
    co_await node_;
    note("node from a thread");
    reactor_.callLater(milliseconds(1), [this] { reactor_.stop(); });
  }
  void posted(const char* name) {
    note(name);
    from_a_thread(
        [this] { reactor_.callFromThread([this] { note("posted while posts were run"); }); });
    note_when("timer of a post", Duration::zero());
  }
  void start(Task<void> task) { Deferred<void>::fromCoroutine(reactor_, std::move(task)); }

  Reactor& reactor_;
  History history_;
  Event turn_;
  ResumeNode node_;
};

TEST_CASE("a program of timers, tasks and threads has one history on every reactor") {
  COIL_CONTRACT(reactor);
  const History here = Program(*reactor).run();
  testing::SimulatedReactor simulated(testing::test_seed());
  const History there = Program(simulated).run();
  CHECK(here.size() == 35);
  CHECK(here == there);
  for (std::size_t at = 0; at < std::min(here.size(), there.size()); ++at) {
    CAPTURE(at);
    CHECK(here[at] == there[at]);
  }
}

// Reads the counter in each of its three resumptions: begun, given way, woken by a timer.
Task<void> count(Reactor& reactor, std::vector<std::uint64_t>& counts) {
  const auto read = [&] { counts.push_back(reactor.counters().resumptions); };
  read();
  co_await yield();
  read();
  co_await sleep(Duration::zero());
  read();
}

TEST_CASE("each resumption is counted when it is made") {
  COIL_CONTRACT(reactor);
  std::vector<std::uint64_t> counts;
  const std::uint64_t before = reactor->counters().resumptions;
  for (int task = 0; task != 2; ++task) {
    detail::start_root<"counts">(*reactor, count(*reactor, counts));
  }
  CHECK(reactor->counters().resumptions == before);
  reactor->turn_until([&] { return counts.size() == 6; });
  for (std::size_t at = 0; at != 6; ++at) CHECK(counts[at] == before + at + 1);
  CHECK(reactor->counters().resumptions == before + 6);
}

TEST_CASE("a task that crashes the loop leaves those who are ready behind it to the next run") {
  COIL_CONTRACT(reactor);
  History history;
  auto crash = [&](const char* name) -> Task<void> {
    co_await yield();
    history.push_back(name);
    reactor->crash();
    co_await yield();
    history.push_back(std::string(name) + " again");
  };
  for (const char* name : {"first", "second"}) detail::start_root<"task">(*reactor, crash(name));
  const std::uint64_t before = reactor->counters().resumptions;
  reactor->run();
  CHECK(history == History{"first"});
  CHECK(reactor->counters().resumptions == before + 3);
  reactor->run();
  CHECK(history == History{"first", "second"});
  CHECK(reactor->counters().resumptions == before + 4);
  reactor->callLater(Duration::zero(), [&] { reactor->stop(); });
  reactor->run();
  CHECK(history == History{"first", "second", "first again", "second again"});
}

TEST_CASE("who is ready waits for nothing any more, and cancelling comes too late for it") {
  COIL_CONTRACT(reactor);
  Event event;
  TaskContext* context = nullptr;
  bool got = false;
  auto wait = [&]() -> Task<void> {
    context = &co_await current_context();
    co_await event.wait();
    got = true;
    CHECK(context->waits_for() == nullptr);
    co_await yield();
    FAIL("a cancelled scope lets nobody wait");
  };
  detail::start_root<"waits">(*reactor, wait());
  reactor->iterate();
  const Suspension* waited = context->waits_for();
  REQUIRE(waited != nullptr);
  CHECK(waited->state() == Suspension::State::waiting);
  event.set();
  CHECK(context->waits_for() == nullptr);
  CHECK(waited->state() == Suspension::State::ready);
  context->cancel();
  reactor->iterate();
  CHECK(got);
}

}  // namespace
