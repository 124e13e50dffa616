// The primitives on Asio, written as its own users write them.
#include <asio.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

#include "meter.h"
#include "poster.h"

namespace {

using asio::awaitable;
using asio::use_awaitable;
using bench::Meter;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

asio::io_context& context() {
  static asio::io_context made(1);
  return made;
}

std::int64_t completed = 0;

void run(awaitable<void> body) {
  asio::co_spawn(context(), std::move(body), asio::detached);
  context().restart();
  context().run();
}

auto give_way_once() { return asio::post(context(), use_awaitable); }

awaitable<void> nothing() {
  ++completed;
  co_return;
}

awaitable<void> spawn_batches() {
  Meter meter("spawn");
  for (int round = 0; round < bench::rounds; ++round) {
    completed = 0;
    meter.start();
    for (int done = 0; done < bench::steps; done += bench::batch) {
      for (int child = 0; child < bench::batch; ++child) {
        asio::co_spawn(context(), nothing(), asio::detached);
      }
      co_await give_way_once();
    }
    while (completed < bench::steps) co_await give_way_once();
    meter.stop(bench::steps);
  }
}

awaitable<int> answer() { co_return 42; }

awaitable<void> await_children() {
  Meter meter("child");
  for (int round = 0; round < bench::rounds; ++round) {
    int sum = 0;
    meter.start();
    for (int step = 0; step < bench::steps; ++step) sum += co_await answer();
    meter.stop(bench::steps);
    if (sum != 42 * bench::steps) std::abort();
  }
}

awaitable<void> give_way(std::int64_t times) {
  for (std::int64_t time = 0; time < times; ++time) co_await give_way_once();
  ++completed;
}

void yield_between_two(std::int64_t) {
  Meter meter("yield");
  for (int round = 0; round < bench::rounds; ++round) {
    meter.start();
    asio::co_spawn(context(), give_way(bench::steps / 2), asio::detached);
    run(give_way(bench::steps / 2));
    meter.stop(bench::steps);
  }
}

// What a coroutine leaves behind so that somebody else can resume it.
using Continuation = asio::async_result<asio::use_awaitable_t<>, void()>::handler_type;

template <class Stored>
auto wait_in(std::optional<Continuation>& slot, Stored stored) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [&slot, stored](auto handler) {
        slot.emplace(std::move(handler));
        stored();
      },
      use_awaitable);
}

awaitable<void> wait_for(std::optional<Continuation>& slot) {
  co_await wait_in(slot, [] {});
}

awaitable<void> weigh_leaves(std::int64_t count) {
  std::vector<std::optional<Continuation>> slots(static_cast<std::size_t>(count));
  const std::size_t before = bench::heap_bytes();
  for (auto& slot : slots) asio::co_spawn(context(), wait_for(slot), asio::detached);
  co_await give_way_once();
  const std::size_t after = bench::heap_bytes();
  bench::print_bytes("leaf", static_cast<double>(after - before) / static_cast<double>(count));
  for (auto& slot : slots) asio::post(context(), std::move(*slot));
  co_await give_way_once();
}

awaitable<void> many_tasks(std::int64_t count) {
  Meter spawning("task_spawn", count);
  Meter yielding("task_yield", count);
  for (int round = 0; round < bench::rounds_of(count); ++round) {
    completed = 0;
    spawning.start();
    for (std::int64_t child = 0; child < count; ++child) {
      asio::co_spawn(context(), nothing(), asio::detached);
    }
    while (completed < count) co_await give_way_once();
    spawning.stop(count);

    completed = 0;
    const std::int64_t turns = bench::turns_of(count);
    for (std::int64_t child = 0; child < count; ++child) {
      asio::co_spawn(context(), give_way(turns + 1), asio::detached);
    }
    co_await give_way_once();
    yielding.start();
    while (completed < count) co_await give_way_once();
    yielding.stop(count * turns);
  }
}

template <class Delay>
void add_and_cancel(const char* name, std::int64_t live, Delay delay) {
  asio::steady_timer timer(context());
  Meter meter(name, live);
  context().restart();
  for (int round = 0; round < bench::rounds; ++round) {
    meter.start();
    for (int step = 0; step < bench::cancel_steps; ++step) {
      timer.expires_after(delay());
      timer.async_wait([](std::error_code) {});
      timer.cancel();
      if (step % bench::batch == bench::batch - 1) context().poll();
    }
    meter.stop(bench::cancel_steps);
  }
}

void fire(std::vector<asio::steady_timer>& live) {
  const auto count = static_cast<std::int64_t>(live.size());
  const nanoseconds span = bench::due_within(count);
  bench::Random random;
  Meter meter("timer_fire", count);
  for (int round = 0; round < bench::rounds_of(count); ++round) {
    std::int64_t fired = 0;
    for (asio::steady_timer& timer : live) {
      timer.expires_after(nanoseconds(random.below(static_cast<std::uint64_t>(span.count()))));
      timer.async_wait([&fired](std::error_code) { ++fired; });
    }
    std::this_thread::sleep_for(span);
    meter.start();
    context().restart();
    context().run();
    meter.stop(count);
    if (fired != count) std::abort();
  }
}

void timers(std::int64_t count) {
  static std::vector<asio::steady_timer> live;
  live.reserve(static_cast<std::size_t>(count));
  for (std::int64_t number = 0; number < count; ++number) live.emplace_back(context());
  fire(live);
  bench::Random random;
  auto within_an_hour = [&] { return milliseconds(random.below(bench::hour_ms)); };
  auto among_live = [&] { return hours(1) + within_an_hour(); };
  for (asio::steady_timer& timer : live) {
    timer.expires_after(among_live());
    timer.async_wait([](std::error_code) {});
  }
  add_and_cancel("timer_add", count, among_live);
  add_and_cancel("timer_deadline", count, within_an_hour);
}

void post_calls() {
  bench::Poster poster("post_call");
  const auto work = asio::make_work_guard(context());
  context().restart();
  std::thread thread([&] {
    poster.run([&](int) { asio::post(context(), [&poster] { poster.ran(); }); });
    asio::post(context(), [] { context().stop(); });
  });
  context().run();
  thread.join();
}

using Slots = std::array<std::optional<Continuation>, bench::burst>;

awaitable<void> await_slot(Slots& slots, std::size_t index, bench::Poster& poster) {
  for (int number = 0; number <= bench::bursts; ++number) {
    co_await wait_in(slots[index], [&poster] { poster.ran(); });
  }
}

void post_resumptions() {
  bench::Poster poster("post_resume");
  Slots slots;
  auto work = asio::make_work_guard(context());
  context().restart();
  for (std::size_t index = 0; index < slots.size(); ++index) {
    asio::co_spawn(context(), await_slot(slots, index, poster), asio::detached);
  }
  std::thread thread([&] {
    poster.await_ran();
    const auto post = [&](int index) {
      asio::post(context(), std::move(*slots[static_cast<std::size_t>(index)]));
    };
    poster.run(post);
    for (int index = 0; index < bench::burst; ++index) post(index);
    work.reset();
  });
  context().run();
  thread.join();
}

void posts(std::int64_t) {
  post_calls();
  post_resumptions();
}

constexpr bench::Measurement measurements[] = {
    {"spawn", [](std::int64_t) { run(spawn_batches()); }, 0},
    {"child", [](std::int64_t) { run(await_children()); }, 0},
    {"yield", &yield_between_two, 0},
    {"leaf", [](std::int64_t count) { run(weigh_leaves(count)); }, 100'000},
    {"tasks", [](std::int64_t count) { run(many_tasks(count)); }, 1000},
    {"posts", &posts, 0},
    {"timers", &timers, 1'000'000},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_named(argc, argv, measurements); }
