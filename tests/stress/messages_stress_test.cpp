// Threads and reactors that call each other as fast as they can.
#include <coil/threads.h>

#include <absl/cleanup/cleanup.h>
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "support/contract.h"
#include "support/workers.h"

using namespace coil;
using namespace coil::testing;

namespace {

TEST_CASE("calls of several threads arrive once and in order at a loop that sleeps in between") {
  COIL_CONTRACT(reactor);
  constexpr int threads = 4;
  constexpr int calls = 3000;
  std::array<int, threads> next = {};
  int total = 0;
  std::vector<std::thread> posting;
  for (std::size_t index = 0; index < threads; ++index) {
    posting.emplace_back([&, index] {
      for (int number = 0; number < calls; ++number) {
        reactor->callFromThread([&, index, number] {
          CHECK(next[index]++ == number);
          ++total;
        });
        if (number % 7 == 0) std::this_thread::yield();  // Lets the loop fall asleep.
      }
    });
  }
  reactor->turn_until([&] { return total == threads * calls; });
  for (std::thread& thread : posting) thread.join();
}

TEST_CASE("nodes fired by other threads resume every task, once each") {
  COIL_CONTRACT(reactor);
  constexpr int rounds = 300;
  std::atomic<ResumeNode*> ready[4] = {};
  std::atomic<bool> end{false};
  std::vector<std::thread> firing;
  for (auto& slot : ready) {
    firing.emplace_back([&] {
      while (!end) {
        if (ResumeNode* node = slot.exchange(nullptr)) {
          reactor->callFromThread(*node);
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  int resumed = 0;
  auto waits = [&](std::atomic<ResumeNode*>* slot) -> Task<void> {
    for (int round = 0; round < rounds; ++round) {
      ResumeNode node;
      *slot = &node;
      co_await node;
      ++resumed;
    }
  };
  auto all = [&]() -> Task<void> {
    co_await when_all(waits(&ready[0]), waits(&ready[1]), waits(&ready[2]), waits(&ready[3]));
  };
  run(*reactor, all());
  end = true;
  for (std::thread& thread : firing) thread.join();
  CHECK(resumed == 4 * rounds);
}

TEST_CASE("values go round a ring of reactors, through channels that are often full") {
  COIL_CONTRACT(reactor);
  constexpr int values = 2000;
  ReactorGroup ring(group_options(3));
  Channel<int> first(1);
  ChannelReceiver<int> in = std::move(first.receiver);
  auto pass_on = [](Reactor&, ChannelReceiver<int> from, ChannelSender<int> to) -> Task<void> {
    while (std::optional<int> value = co_await from.receive()) co_await to.send(*value + 1);
  };
  for (std::size_t index = 0; index < ring.size(); ++index) {
    Channel<int> next(index + 1);
    ring[index].start(pass_on, std::exchange(in, std::move(next.receiver)), std::move(next.sender));
  }
  auto sends = [&]() -> Task<void> {
    for (int value = 0; value < values; ++value) co_await first.sender.send(value);
    first.sender.close();
  };
  int got = 0;
  auto receives = [&]() -> Task<void> {
    while (std::optional<int> value = co_await in.receive()) CHECK(*value == got++ + 3);
  };
  auto all = [&]() -> Task<void> { co_await when_all(sends(), receives()); };
  run(*reactor, all());
  CHECK(got == values);
}

TEST_CASE("calls between reactors that are cancelled at any moment leave nothing behind") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  std::atomic<int> inside{0};
  auto body = [&inside](Reactor&, int turns) -> Task<int> {
    ++inside;
    const absl::Cleanup leaves = [&inside] { --inside; };
    for (int turn = 0; turn < turns; ++turn) co_await yield();
    co_return turns;
  };
  int values = 0;
  auto calls = [&](int turns) -> Task<void> {
    const int value = co_await worker.run(body, turns);
    CHECK(value == turns);
    ++values;
  };
  auto all = [&]() -> Task<void> {
    for (int round = 0; round < 300; ++round) {
      auto group = [&](TaskGroup& children) -> Task<void> {
        for (int turns = 0; turns < 4; ++turns) children.spawn(calls, turns);
        for (int turn = 0; turn < round % 10; ++turn) co_await yield();
        children.cancel();
      };
      co_await with_task_group(group);
      CHECK(inside == 0);
    }
  };
  run(*reactor, all());
  MESSAGE("values that came in time: " << values);
}

TEST_CASE("reactors that begin, call and end side by side do no harm") {
  COIL_CONTRACT(reactor);
  if (stop_waits_for_nobody(*reactor)) return;
  auto nothing = [](Reactor&) {};
  auto all = [&]() -> Task<void> {
    for (int round = 0; round < 20; ++round) {
      ReactorGroup workers(group_options(2));
      auto meets = [&workers, nothing](Reactor&, std::size_t index) -> Task<void> {
        for (;;) {
          if (!co_await as_result(workers[1 - index].run(nothing))) co_return;
        }
      };
      workers.start(meets);
      for (int turn = 0; turn < round; ++turn) co_await workers[0].run(nothing);
      workers[static_cast<std::size_t>(round % 2)].stop();
      workers.stop();
      co_await workers.wait();
    }
  };
  run(*reactor, all());
}

}  // namespace
