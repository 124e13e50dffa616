// The examples of cancellation.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include "support/tcp_pair.h"

using namespace coil;

namespace {

int computed = 0;
TaskGroup* group_of_the_test = nullptr;

void compute_a_little() {
  if (++computed == 3) group_of_the_test->cancel();
}

Task<void> compute() {
  // [token]
  CancellationToken token = co_await current_cancellation();
  while (!token.requested()) compute_a_little();
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
  const auto reactor = make_reactor();
  auto body = [](TaskGroup& group) -> Task<void> {
    group_of_the_test = &group;
    group.spawn(&compute);
    co_return;
  };
  run(*reactor, with_task_group(body));
  CHECK(computed == 3);
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
