// The examples of operation.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include "support/tcp_pair.h"

using namespace coil;

namespace {

// [await]
std::size_t to_size(ReceiveOperation&, std::int64_t outcome) {
  return static_cast<std::size_t>(outcome);
}
using Read = Await<ReceiveOperation, std::size_t, decltype(&to_size)>;
// [/await]

}  // namespace

TEST_CASE("await") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  testing::with_pair(reactor, [&](testing::Pair& pair) -> Task<void> {
    TcpStream& stream = pair.here;
    std::array<std::byte, 16> buffer;
    co_await write_all(pair.there, "hello");
    // [await]
    std::size_t size = co_await Read(&to_size, reactor, stream.id(), buffer);
    // [/await]
    CHECK(as_text(ConstBytes(buffer).first(size)) == "hello");
  });
}

TEST_CASE("outcome") {
  // [outcome]
  std::int64_t raw = outcome::from_system_error(ECONNRESET);
  std::error_code code = outcome::code_of(raw);
  // [/outcome]
  CHECK(code == std::errc::connection_reset);
}

TEST_CASE("attempt") {
  std::error_code code;
  // [attempt]
  Attempt tried = Attempt(outcome::from_system_error(EPIPE));
  if (tried) code = outcome::code_of(*tried);
  // [/attempt]
  CHECK(code == std::errc::broken_pipe);
  CHECK_FALSE(Attempt());
}

TEST_CASE("inspect") {
  const auto reactor = make_reactor();
  testing::with_pair(*reactor, [](testing::Pair& pair) -> Task<void> {
    bool waiting = false;
    auto print = [&](Suspension::State state) { waiting = state == Suspension::State::waiting; };
    auto reads = [&]() -> Task<void> { co_await pair.here.receive(); };
    auto body = [&](TaskGroup& group) -> Task<void> {
      group.spawn(reads);
      co_await sleep(Duration::zero());
      group.context().for_each_child([&](const TaskContext& context) {
        // [inspect]
        if (const Suspension* wait = context.waits_for()) print(wait->state());
        // [/inspect]
      });
      group.cancel();
    };
    co_await with_task_group(body);
    CHECK(waiting);
  });
}
