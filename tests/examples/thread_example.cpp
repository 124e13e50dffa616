// The examples of resume_node.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <thread>

using namespace coil;

TEST_CASE("resume node") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  int worked = 0;
  auto all = [&]() -> Task<void> {
    auto work = [&] { ++worked; };
    // [resume node]
    ResumeNode done;
    std::jthread worker([&] {
      work();
      reactor.callFromThread(done);
    });
    co_await done;  // The thread is joined where `worker` ends.
    // [/resume node]
  };
  run(reactor, all());
  CHECK(worked == 1);
}
