// The examples of cancellation.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <coil/testing/simulated_reactor.h>
#include <doctest/doctest.h>

#include "support/tcp_pair.h"

using namespace coil;

namespace {

int begun = 0;
int saved = 0;

Task<void> save_one_block() {
  ++begun;
  co_await sleep(std::chrono::seconds(1));
  ++saved;
}

Task<void> save() {
  // [token]
  CancellationToken token = co_await current_cancellation();
  while (!token.requested()) co_await shielded(save_one_block());  // Whole blocks only.
  // [/token]
}

Task<void> say_goodbye(TcpStream& stream) { co_await write_all(stream, "goodbye\n"); }

Task<void> talk(TcpStream& stream) {
  try {
    co_await sleep(std::chrono::hours(1));
  } catch (const Cancelled&) {
  }
  // [shielded]
  co_await shielded(say_goodbye(stream), std::chrono::seconds(1));
  // [/shielded]
}

}  // namespace

TEST_CASE("token") {
  testing::SimulatedReactor reactor(1);
  auto body = [](TaskGroup& group) -> Task<void> {
    group.spawn(&save);
    co_await sleep(std::chrono::milliseconds(2500));  // In the middle of the third block.
    group.cancel();
  };
  run(reactor, with_task_group(body));
  CHECK(begun == 3);
  CHECK(saved == 3);
}

TEST_CASE("shielded") {
  const auto reactor = make_reactor();
  testing::with_pair(*reactor, [](testing::Pair& pair) -> Task<void> {
    auto body = [&](TaskGroup& group) -> Task<void> {
      group.spawn(&talk, outlives_group(pair.here));
      co_await yield();
      group.cancel();
    };
    co_await with_task_group(body);
    std::string heard(8, '.');
    co_await read_exactly(pair.there, heard);
    CHECK(heard == "goodbye\n");
  });
}
