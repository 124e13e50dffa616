// The primitives on libuv, which has no coroutines: its timers, and calls from another thread
// through uv_async_send and a queue of one's own, because libuv brings none.
#include <uv.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "meter.h"
#include "poster.h"

namespace {

using bench::Meter;

std::int64_t fired = 0;

void fire(std::vector<uv_timer_t>& live) {
  uv_loop_t* loop = uv_default_loop();
  const auto count = static_cast<std::int64_t>(live.size());
  const std::chrono::milliseconds span = bench::due_within(count);
  bench::Random random;
  Meter meter("timer_fire", count);
  for (int round = 0; round < bench::rounds_of(count); ++round) {
    fired = 0;
    uv_update_time(loop);
    for (uv_timer_t& timer : live) {
      const std::uint64_t delay = random.below(static_cast<std::uint64_t>(span.count()));
      uv_timer_start(&timer, [](uv_timer_t*) { ++fired; }, delay, 0);
    }
    std::this_thread::sleep_for(span);
    meter.start();
    uv_run(loop, UV_RUN_DEFAULT);
    meter.stop(count);
    if (fired != count) std::abort();
  }
}

template <class Delay>
void add_and_cancel(const char* name, std::int64_t live, Delay delay) {
  uv_timer_t timer;
  uv_timer_init(uv_default_loop(), &timer);
  Meter meter(name, live);
  for (int round = 0; round < bench::rounds; ++round) {
    meter.start();
    for (int step = 0; step < bench::cancel_steps; ++step) {
      uv_timer_start(&timer, [](uv_timer_t*) {}, delay(), 0);
      uv_timer_stop(&timer);
    }
    meter.stop(bench::cancel_steps);
  }
}

void timers(std::int64_t count) {
  static std::vector<uv_timer_t> live(static_cast<std::size_t>(count));
  for (uv_timer_t& timer : live) uv_timer_init(uv_default_loop(), &timer);
  fire(live);
  bench::Random random;
  auto within_an_hour = [&] { return random.below(bench::hour_ms); };
  auto among_live = [&] { return bench::hour_ms + within_an_hour(); };
  for (uv_timer_t& timer : live) uv_timer_start(&timer, [](uv_timer_t*) {}, among_live(), 0);
  add_and_cancel("timer_add", count, among_live);
  add_and_cancel("timer_deadline", count, within_an_hour);
}

// What a program on libuv writes itself: a locked queue, and one wake for what is in it.
class Calls {
 public:
  explicit Calls(uv_loop_t* loop) {
    uv_async_init(loop, &wake_, [](uv_async_t* wake) { static_cast<Calls*>(wake->data)->run(); });
    wake_.data = this;
  }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  void post(std::function<void()> call) {
    {
      const std::lock_guard lock(mutex_);
      posted_.push_back(std::move(call));
    }
    uv_async_send(&wake_);
  }
  void close() { uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr); }

 private:
  void run() {
    {
      const std::lock_guard lock(mutex_);
      running_.swap(posted_);
    }
    for (std::function<void()>& call : running_) call();
    running_.clear();
  }

  uv_async_t wake_{};
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
  std::vector<std::function<void()>> running_;
};

void posts(std::int64_t) {
  bench::Poster poster("post_call");
  uv_loop_t* loop = uv_default_loop();
  Calls calls(loop);
  std::thread thread([&] {
    poster.run([&](int) { calls.post([&poster] { poster.ran(); }); });
    calls.post([&calls] { calls.close(); });
  });
  uv_run(loop, UV_RUN_DEFAULT);
  thread.join();
}

constexpr bench::Measurement measurements[] = {
    {"posts", &posts, 0},
    {"timers", &timers, 1'000'000},
};

}  // namespace

int main(int argc, char** argv) { return bench::run_named(argc, argv, measurements); }
