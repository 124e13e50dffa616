// The examples of channel.h.
#include <coil/runtime.h>
#include <coil/threads.h>
#include <doctest/doctest.h>

using namespace coil;

namespace {

// [channel]
Task<void> count(Reactor&, ChannelSender<int> out) {
  for (int number = 1; number <= 3; ++number) co_await out.send(number);
}
// [/channel]

}  // namespace

TEST_CASE("channel") {
  const std::unique_ptr<Reactor> reactor = make_reactor();
  ReactorThread worker;
  // [channel]
  Channel<int> channel(16);
  worker.start(&count, std::move(channel.sender));
  // [/channel]
  int sum = 0;
  auto all = [&]() -> Task<void> {
    // [channel]
    while (std::optional<int> number = co_await channel.receiver.receive()) sum += *number;
    // [/channel]
  };
  run(*reactor, all());
  CHECK(sum == 6);
}
