// coil's side of the primitives: spawn, await, switch, timers, calls from other threads.
#include <coil/runtime.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <thread>

#include "meter.h"
#include "poster.h"

namespace {

using bench::Meter;
using coil::Reactor;
using coil::Task;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

Reactor& reactor() {
  static const std::unique_ptr<Reactor> made = coil::make_reactor();
  return *made;
}

std::int64_t completed = 0;

Task<void> nothing() {
  ++completed;
  co_return;
}

Task<void> spawn_batches() {
  Meter meter("spawn");
  auto body = [&meter](coil::TaskGroup& group) -> Task<void> {
    for (int round = 0; round < bench::rounds; ++round) {
      completed = 0;
      meter.start();
      for (int done = 0; done < bench::steps; done += bench::batch) {
        for (int child = 0; child < bench::batch; ++child) group.spawn(&nothing);
        co_await coil::yield();
      }
      while (completed < bench::steps) co_await coil::yield();
      meter.stop(bench::steps);
    }
  };
  co_await coil::with_task_group(body);
}

Task<int> answer() { co_return 42; }

Task<void> await_children() {
  Meter meter("child");
  for (int round = 0; round < bench::rounds; ++round) {
    int sum = 0;
    meter.start();
    for (int step = 0; step < bench::steps; ++step) sum += co_await answer();
    meter.stop(bench::steps);
    if (sum != 42 * bench::steps) std::abort();
  }
}

Task<void> give_way(std::int64_t times) {
  for (std::int64_t time = 0; time < times; ++time) co_await coil::yield();
  ++completed;
}

Task<void> yield_between_two() {
  Meter meter("yield");
  for (int round = 0; round < bench::rounds; ++round) {
    meter.start();
    co_await coil::when_all(give_way(bench::steps / 2), give_way(bench::steps / 2));
    meter.stop(bench::steps);
  }
}

Task<void> hand_over(coil::Event& mine, coil::Event& other, int times) {
  for (int time = 0; time < times; ++time) {
    co_await mine.wait();
    mine.clear();
    other.set();
  }
}

Task<void> ping_pong() {
  Meter meter("event");
  coil::Event ping;
  coil::Event pong;
  for (int round = 0; round < bench::rounds; ++round) {
    ping.set();
    meter.start();
    co_await coil::when_all(hand_over(ping, pong, bench::steps / 2),
                            hand_over(pong, ping, bench::steps / 2));
    meter.stop(bench::steps);
    ping.clear();
    pong.clear();
  }
}

void deferreds(std::int64_t) {
  Meter meter("deferred");
  for (int round = 0; round < bench::rounds; ++round) {
    int sum = 0;
    meter.start();
    for (int step = 0; step < bench::steps; ++step) {
      coil::Deferred<int> deferred;
      deferred.addCallback([&](int value) {
        sum += value;
        return value;
      });
      deferred.callback(1);
    }
    meter.stop(bench::steps);
    if (sum != bench::steps) std::abort();
  }
}

Task<void> wait_for(coil::Event& event) { co_await event.wait(); }

Task<void> weigh_leaves(std::int64_t count) {
  coil::Event event;
  auto body = [count, &event](coil::TaskGroup& group) -> Task<void> {
    const std::size_t before = bench::heap_bytes();
    for (std::int64_t child = 0; child < count; ++child) {
      group.spawn(&wait_for, coil::outlives_group(event));
    }
    co_await coil::yield();
    const std::size_t after = bench::heap_bytes();
    bench::print_bytes("leaf", static_cast<double>(after - before) / static_cast<double>(count));
    event.set();
  };
  co_await coil::with_task_group(body);
}

// Everybody is alive at once: the frames no longer fit a cache.
Task<void> many_tasks(std::int64_t count) {
  auto body = [count](coil::TaskGroup& group) -> Task<void> {
    Meter spawning("task_spawn", count);
    Meter yielding("task_yield", count);
    for (int round = 0; round < bench::rounds_of(count); ++round) {
      completed = 0;
      spawning.start();
      for (std::int64_t child = 0; child < count; ++child) group.spawn(&nothing);
      while (completed < count) co_await coil::yield();
      spawning.stop(count);

      completed = 0;
      const std::int64_t turns = bench::turns_of(count);
      for (std::int64_t child = 0; child < count; ++child) group.spawn(&give_way, turns + 1);
      co_await coil::yield();
      yielding.start();
      while (completed < count) co_await coil::yield();
      yielding.stop(count * turns);
    }
  };
  co_await coil::with_task_group(body);
}

void fire(std::int64_t count) {
  Meter meter("timer_fire", count);
  bench::Random random;
  const nanoseconds span = bench::due_within(count);
  for (int round = 0; round < bench::rounds_of(count); ++round) {
    std::int64_t fired = 0;
    for (std::int64_t number = 0; number < count; ++number) {
      const nanoseconds delay(random.below(static_cast<std::uint64_t>(span.count())));
      reactor().callLater(delay, [&fired] { ++fired; });
    }
    std::this_thread::sleep_for(span);  // All are due: the loop finds them at once.
    meter.start();
    reactor().turn_until([&] { return fired == count; });
    meter.stop(count);
  }
}

template <class Delay>
void add_and_cancel(const char* name, std::int64_t live, Delay delay) {
  Meter meter(name, live);
  for (int round = 0; round < bench::rounds; ++round) {
    meter.start();
    for (int step = 0; step < bench::cancel_steps; ++step) {
      reactor().callLater(delay(), [] {}).cancel();
    }
    meter.stop(bench::cancel_steps);
  }
}

void timers(std::int64_t count) {
  fire(count);
  bench::Random random;
  auto within_an_hour = [&] { return milliseconds(random.below(bench::hour_ms)); };
  auto among_live = [&] { return hours(1) + within_an_hour(); };
  for (std::int64_t number = 0; number < count; ++number) reactor().callLater(among_live(), [] {});
  add_and_cancel("timer_add", count, among_live);
  add_and_cancel("timer_deadline", count, within_an_hour);
}

void post_calls() {
  bench::Poster poster("post_call");
  std::thread thread([&] {
    poster.run([&](int) { reactor().callFromThread([&poster] { poster.ran(); }); });
    reactor().callFromThread([&poster] { poster.end(); });
  });
  reactor().turn_until([&] { return poster.ended(); });
  thread.join();
}

using Nodes = std::array<coil::ResumeNode*, bench::burst>;

Task<void> await_node(Nodes& nodes, std::size_t index, bench::Poster& poster) {
  for (int number = 0; number <= bench::bursts; ++number) {
    coil::ResumeNode node;
    nodes[index] = &node;
    poster.ran();
    co_await node;
  }
}

Task<void> post_resumptions() {
  bench::Poster poster("post_resume");
  Nodes nodes{};
  std::thread thread;
  auto body = [&](coil::TaskGroup& group) -> Task<void> {
    for (std::size_t index = 0; index < nodes.size(); ++index) {
      group.spawn(&await_node, coil::outlives_group(nodes), index, coil::outlives_group(poster));
    }
    thread = std::thread([&] {
      poster.await_ran();
      const auto post = [&](int index) {
        reactor().callFromThread(*nodes[static_cast<std::size_t>(index)]);
      };
      poster.run(post);
      for (int index = 0; index < bench::burst; ++index) post(index);
    });
    co_return;
  };
  co_await coil::with_task_group(body);
  thread.join();
}

void posts(std::int64_t) {
  post_calls();
  coil::run(reactor(), post_resumptions());
}

constexpr bench::Measurement measurements[] = {
    {"spawn", [](std::int64_t) { coil::run(reactor(), spawn_batches()); }, 0},
    {"child", [](std::int64_t) { coil::run(reactor(), await_children()); }, 0},
    {"yield", [](std::int64_t) { coil::run(reactor(), yield_between_two()); }, 0},
    {"event", [](std::int64_t) { coil::run(reactor(), ping_pong()); }, 0},
    {"deferred", &deferreds, 0},
    {"leaf", [](std::int64_t count) { coil::run(reactor(), weigh_leaves(count)); }, 100'000},
    {"tasks", [](std::int64_t count) { coil::run(reactor(), many_tasks(count)); }, 1000},
    {"posts", &posts, 0},
    {"timers", &timers, 1'000'000},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_named(argc, argv, measurements); }
