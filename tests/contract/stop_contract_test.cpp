// Covers: reactor.h, ports.h: a busy program that is stopped at any moment, and what a stop leaves.
#include <array>
#include <string>

#include "support/contract.h"
#include "support/dies.h"
#include "support/probe.h"
#include "support/signals.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;
using std::chrono::microseconds;

namespace {

// Protocols and coroutines that talk to each other until they have finished, or are stopped after
// that many turns of the loop in which something happened.
class BusyProgram {
 public:
  BusyProgram(Reactor& reactor, unsigned turns) : reactor_(reactor), stop_after_(turns) {
    factory_->prepare = [](Probe& probe) {
      probe.on_data = [&probe](Transport& line) { line.write(std::exchange(probe.received, "")); };
    };
  }

  // True if it was stopped before its end.
  bool run() {
    reactor_.callWhenRunning([this] {
      port_.emplace(listenTCP(reactor_, Address::loopback(0), factory_));
      detail::start_root<"talk">(reactor_, talk());
      detail::start_root<"idle">(reactor_, idle());
      next_turn();
    });
    reactor_.run();
    return !finished_;
  }
  const Strings& seen() const { return factory_->seen; }

 private:
  Task<void> talk() {
    auto body = [this](TaskGroup& group) -> Task<void> {
      for (int count = 0; count < 2; ++count) group.spawn([this] { return client(); });
      co_return;
    };
    co_await with_task_group(body);
    finished_ = true;
    if (!stopped_) reactor_.stop();
    stopped_ = true;
  }
  Task<void> client() {
    TcpStream stream = co_await TcpStream::connect(reactor_, port_->getHost());
    for (const std::size_t size : {std::size_t{1}, std::size_t{200'000}}) {
      const std::string text(size, 'x');
      std::string back(size, '.');
      auto write = [&]() -> Task<void> { co_await write_all(stream, text); };
      auto read = [&]() -> Task<void> { co_await read_exactly(stream, back); };
      co_await when_all(write(), read());
      CHECK(back == text);
      co_await with_timeout(hours(1), sleep(microseconds(10)));
    }
  }
  // Waits for what never comes, and has something to do when it is told to end.
  Task<void> idle() {
    auto socket = DatagramSocket::bind(reactor_, Address::loopback(0));
    std::array<std::byte, 8> buffer;
    bool cancelled = false;
    try {
      static_cast<void>(co_await when_any(socket.receive(buffer), sleep(hours(1000))));
    } catch (const Cancelled&) {
      cancelled = true;
    }
    CHECK(cancelled);
    auto clean_up = []() -> Task<void> { co_await sleep(microseconds(10)); };
    co_await shielded(clean_up());
  }
  void next_turn() {
    if (stopped_) return;
    const std::uint64_t resumptions = reactor_.counters().resumptions;
    if (std::exchange(resumptions_, resumptions) != resumptions && turns_++ == stop_after_) {
      stopped_ = true;
      reactor_.stop();
      return;
    }
    reactor_.callLater(microseconds(1), [this] { next_turn(); });
  }

  Reactor& reactor_;
  const unsigned stop_after_;
  std::shared_ptr<ProbeFactory> factory_ = std::make_shared<ProbeFactory>();
  std::optional<ListeningPort> port_;
  unsigned turns_ = 0;
  std::uint64_t resumptions_ = 0;
  bool stopped_ = false;
  bool finished_ = false;
};

TEST_CASE("a busy program that is stopped at any turn ends whole, and all are told") {
  bool stopped = true;
  unsigned turns = 0;
  for (; stopped; ++turns) {
    COIL_CONTRACT(reactor);
    CAPTURE(turns);
    BusyProgram program(*reactor, turns);
    stopped = program.run();
    CHECK(reactor->last_stop().forced() == 0);
    CHECK(reactor->handles().size() == 0);
    CHECK(reactor->counters().submitted == reactor->counters().completed);
    auto times = [&](const char* what) {
      return std::count(program.seen().begin(), program.seen().end(), what);
    };
    CHECK(times("start") == 1);
    CHECK(times("stop") == 1);
    CHECK(times("made") == times("lost"));
    CHECK(reactor.log.empty());
  }
  CHECK(turns > 3);
}

TEST_CASE("a stop closes the listeners that nobody accepts from") {
  COIL_CONTRACT(reactor);
  TcpListener idle = TcpListener::bind(*reactor, Address::loopback(0));
  reactor->callWhenRunning([&] { reactor->stop(); });
  reactor->run();
  CHECK_FALSE(idle.is_open());
  CHECK(reactor->handles().size() == 0);
}

// A task that does not end with its reactor, which has run before or has not.
void outlive_the_reactor(bool ran) {
  auto sleeps = []() -> Task<void> { co_await sleep(hours(1000)); };
  auto stubborn = [&]() -> Task<void> { co_await shielded(sleeps()); };
  {
    COIL_CONTRACT(reactor);
    reactor->set_log_sink(log_to_standard_error);
    reactor->set_stop_deadline(Duration::zero());
    detail::start_root<"stubborn">(*reactor, stubborn());
    detail::start_root<"docile">(*reactor, sleeps());
    reactor->callWhenRunning([&] { reactor->stop(); });
    if (ran) reactor->run();
  }
  std::abort();  // The frame is still there: this is no end for a leak check to look at.
}

TEST_CASE("a task that does not end with its reactor is logged, by its name") {
  {
    COIL_CONTRACT(offered);
  }
  for (const bool ran : {false, true}) {
    const std::string words = last_words([ran] { outlive_the_reactor(ran); });
    CHECK(words.find("a task did not end with its reactor: stubborn\n") != std::string::npos);
    CHECK(words.find("docile") == std::string::npos);
  }
}

TEST_CASE("a signal that finds a stop under way is remembered, and does not force it") {
  COIL_CONTRACT(reactor);
  bool ended = false;
  auto slow = [&]() -> Task<void> {
    raise_for(*reactor, SIGTERM);
    for (int turns = 0; turns < 5; ++turns) co_await sleep(Duration::zero());
    ended = true;
  };
  reactor->addSystemEventTrigger(Phase::before, "shutdown", slow);
  reactor->callWhenRunning([&] { reactor->stop(); });
  reactor->run();
  CHECK(ended);
  CHECK(reactor->exit_signal() == SIGTERM);
}

TEST_CASE("the first signal stops a loop, and the second one does not wait for anybody") {
  for (const bool second : {false, true}) {
    COIL_CONTRACT(reactor);
    int shutdowns = 0;
    Event enough;
    bool ended = true;
    auto waits = [&]() -> Task<void> { co_await enough.wait(); };
    auto slow = [&]() -> Task<void> {
      if (!second) co_return;
      ended = false;
      raise_for(*reactor, SIGTERM);
      co_await shielded(waits());
      ended = true;
    };
    reactor->set_stop_deadline(hours(1000));
    reactor->addSystemEventTrigger(Phase::before, "shutdown", slow);
    reactor->addSystemEventTrigger(Phase::during, "shutdown", [&] { ++shutdowns; });
    reactor->callWhenRunning([&] { raise_for(*reactor, SIGTERM); });
    reactor->run();
    CHECK(reactor->exit_signal() == SIGTERM);
    CHECK(shutdowns == 1);
    CHECK(reactor->last_stop().forced() == (second ? 1 : 0));
    enough.set();
    while (!ended) reactor->iterate();
  }
}

TEST_CASE("two exit signals that are seen in one turn are a first and a second one") {
  COIL_CONTRACT(reactor);
  const Disposition interrupt(SIGINT, SIG_DFL);  // The test framework has a handler of its own.
  Event enough;
  auto waits = [&]() -> Task<void> { co_await enough.wait(); };
  auto stubborn = [&]() -> Task<void> { co_await shielded(waits()); };
  reactor->set_stop_deadline(hours(1000));
  reactor->addSystemEventTrigger(Phase::before, "shutdown", stubborn);
  reactor->callLater(std::chrono::seconds(5), [&] { enough.set(); });  // Nobody waits for it.
  reactor->callWhenRunning([&] {
    raise_for(*reactor, SIGINT);
    raise_for(*reactor, SIGTERM);
  });
  reactor->run();
  CHECK(reactor->exit_signal() == SIGTERM);
  CHECK(reactor->last_stop().forced() == 1);
  enough.set();
  reactor->iterate();
}

}  // namespace
