// The example of signal_watcher.h.
#include <coil/runtime.h>
#include <coil/testing/simulated_reactor.h>
#include <doctest/doctest.h>

#include <csignal>
#include <cstdio>

using namespace coil;

namespace {

class Settings {
 public:
  void load() { ++loaded; }
  int loaded = 0;
};

// [hangups]
Task<void> reload_on_hangup(Reactor& reactor, Settings& settings) {
  SignalWatcher hangups(reactor, {SIGHUP});
  for (;;) {
    const int number = co_await hangups.next();
    std::printf("signal %d: reading the settings again\n", number);
    settings.load();
  }
}
// [/hangups]

}  // namespace

TEST_CASE("settings are read again on a hangup") {
  testing::SimulatedReactor reactor(1);
  Settings settings;
  auto hang_up_twice = [&]() -> Task<void> {
    for (int expected = 1; expected <= 2; ++expected) {
      co_await sleep(std::chrono::seconds(1));
      CHECK(reactor.raise_signal(SIGHUP));
      while (settings.loaded != expected) co_await yield();
    }
  };
  auto program = [&]() -> Task<void> {
    const auto ends = co_await when_any(reload_on_hangup(reactor, settings), hang_up_twice());
    CHECK(ends.first() == 1);
  };
  run(reactor, program());
  CHECK(settings.loaded == 2);
}
