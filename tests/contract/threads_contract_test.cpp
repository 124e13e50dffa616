// Covers: resume_node.h, and callFromThread of reactor.h.
#include "support/contract.h"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

using namespace coil;

namespace {

TEST_CASE("a call from another thread wakes a loop that sleeps without timers") {
  COIL_CONTRACT(reactor);
  std::thread::id ran_on;
  reactor->callWhenRunning([&] { CHECK(reactor->isInIOThread()); });
  std::thread other([&] {
    CHECK_FALSE(reactor->isInIOThread());
    reactor->callFromThread([&] {
      ran_on = std::this_thread::get_id();
      reactor->stop();
    });
  });
  reactor->run();
  other.join();
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("ten thousand calls from four threads all run, once, each thread's in order") {
  COIL_CONTRACT(reactor);
  constexpr int per_thread = 2500;
  std::vector<int> last(4, -1);
  int total = 0;
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < last.size(); ++index) {
    threads.emplace_back([&, index] {
      for (int number = 0; number < per_thread; ++number) {
        reactor->callFromThread([&, index, number] {
          CHECK(last[index] == number - 1);
          last[index] = number;
          if (++total == 4 * per_thread) reactor->stop();
        });
      }
    });
  }
  reactor->run();
  for (std::thread& thread : threads) thread.join();
  CHECK(total == 4 * per_thread);
}

TEST_CASE("calls made before run are made after start, not before") {
  COIL_CONTRACT(reactor);
  bool running = false;
  reactor->callFromThread([&] {
    running = reactor->running();
    reactor->stop();
  });
  reactor->run();
  CHECK(running);
}

TEST_CASE("a call made inside a call waits for the next turn") {
  COIL_CONTRACT(reactor);
  int calls = 0;
  reactor->callFromThread([&] {
    ++calls;
    reactor->callFromThread([&] { ++calls; });
  });
  reactor->iterate();
  CHECK(calls == 1);
  reactor->iterate();
  CHECK(calls == 2);
}

TEST_CASE("a resume node resumes a task from another thread, fired before or after the await") {
  COIL_CONTRACT(reactor);
  auto waits = [&]() -> Task<void> {
    for (const bool early : {true, false}) {
      ResumeNode node;
      std::thread other([&] { reactor->callFromThread(node); });
      if (early) other.join();
      co_await node;
      if (!early) other.join();
    }
  };
  run(*reactor, waits());
}

TEST_CASE("calls left over when the reactor ends are destroyed") {
  auto held = std::make_shared<int>(1);
  {
    COIL_CONTRACT(reactor);
    reactor->callFromThread([held] { FAIL("the reactor never ran"); });
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("a long burst runs in order, and its functions are destroyed") {
  COIL_CONTRACT(reactor);
  constexpr int calls = 5000;
  auto held = std::make_shared<int>(0);
  std::thread other([&] {
    for (int round = 0; round < 2; ++round) {
      for (int number = 0; number < calls; ++number) {
        reactor->callFromThread([&, held, number] {
          CHECK(*held % calls == number);
          ++*held;
        });
      }
    }
  });
  reactor->turn_until([&] { return *held == 2 * calls; });
  other.join();
  CHECK(held.use_count() == 1);
}

TEST_CASE("a call outlives the thread that made it, and a thread may outlive its reactors") {
  auto held = std::make_shared<int>(0);
  std::atomic<Reactor*> target{nullptr};
  std::atomic<int> made{0};
  std::atomic<bool> end{false};
  std::thread lasting([&] {
    while (!end) {
      if (Reactor* reactor = target.exchange(nullptr)) {
        reactor->callFromThread([held] { ++*held; });
        ++made;
      }
      std::this_thread::yield();
    }
  });
  for (int round = 1; round <= 3; ++round) {
    COIL_CONTRACT(reactor);
    std::thread([&] { reactor->callFromThread([held] { ++*held; }); }).join();
    target = &*reactor;
    reactor->turn_until([&] { return *held == 2 * round; });
    // What was called may run before the call has returned, for which the reactor has to be there.
    while (made != round) std::this_thread::yield();
    std::thread([&] { reactor->callFromThread([held] { FAIL("the reactor ended"); }); }).join();
  }
  end = true;
  lasting.join();
  CHECK(held.use_count() == 1);
}

TEST_CASE("what escapes a call is logged, and the calls behind it run") {
  COIL_CONTRACT(reactor);
  int logged = 0;
  bool ran = false;
  reactor->set_log_sink([&](const LogRecord&) { ++logged; });
  reactor->callFromThread([] { throw std::runtime_error("escapes"); });
  reactor->callFromThread([&] { ran = true; });
  reactor->iterate();
  CHECK(logged == 1);
  CHECK(ran);
}

TEST_CASE("await_callback is resumed from any thread and drops a result that comes too late") {
  COIL_CONTRACT(reactor);
  auto waits = [&]() -> Task<void> {
    std::thread other;
    auto start = [&](Resume<int> resume) { other = std::thread([resume] { resume(7); }); };
    const int value = co_await await_callback<int>(*reactor, start);
    other.join();
    CHECK(value == 7);

    std::optional<Resume<int>> kept;
    auto keep = [&](Resume<int> resume) { kept = resume; };
    auto limited = with_timeout(std::chrono::milliseconds(1), await_callback<int>(*reactor, keep));
    const Result<int> late = co_await as_result(std::move(limited));
    CHECK(late.error().code() == Errc::timed_out);
    (*kept)(8);
    CHECK_THROWS_AS((*kept)(9), AlreadyCalled);
  };
  run(*reactor, waits());
  reactor->iterate();
}

}  // namespace
