// The examples of reactor_thread.h and reactor_group.h.
#include <coil/runtime.h>
#include <coil/threads.h>
#include <doctest/doctest.h>

#include <array>
#include <atomic>

using namespace coil;

namespace {

void say_hello(Reactor&) {}

}  // namespace

TEST_CASE("options") {
  // [options]
  auto options = ReactorThreadOptions().set_name("indexer").set_core(1);
  // [/options]
  const ReactorThread thread(options);
  CHECK(thread.name() == "indexer");
}

TEST_CASE("thread") {
  const std::unique_ptr<Reactor> reactor = make_reactor();
  auto all = [&]() -> Task<int> {
    // [thread]
    ReactorThread worker(ReactorThreadOptions().set_name("worker"));
    auto answer = [](Reactor& there) -> Task<int> {
      co_await there.callLater(std::chrono::milliseconds(1));
      co_return 42;
    };
    int value = co_await worker.run(answer);  // Waits here, works there.
    worker.stop();
    worker.join();  // Throws what ended it, if it was a failure.
    // [/thread]
    co_return value;
  };
  CHECK(run(*reactor, all()) == 42);
}

TEST_CASE("group") {
  const std::unique_ptr<Reactor> own = make_reactor();
  std::array<std::atomic<bool>, 2> served = {};
  auto all = [&]() -> Task<void> {
    // [group]
    ReactorGroup workers(ReactorGroupOptions().set_size(2).set_name("worker"));
    auto body = [&served](Reactor& reactor, std::size_t index) -> Task<void> {
      served[index] = true;
      co_await reactor.callLater(std::chrono::hours(1));
    };
    workers.start(body);
    co_await workers[0].run(&say_hello);
    // [/group]
    co_await workers[1].run(&say_hello);
    while (!served[0] || !served[1]) co_await yield();
    // [group]
    workers.stop();
    co_await workers.wait();  // Throws the first failure of a body.
    // [/group]
  };
  run(*own, all());
}
