// The examples of timeout.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include "support/tcp_pair.h"

using namespace coil;

TEST_CASE("timeout") {
  const auto reactor = make_reactor();
  testing::with_pair(*reactor, [](testing::Pair& pair) -> Task<void> {
    TcpStream& stream = pair.here;
    std::array<std::byte, 16> buffer;
    co_await write_all(pair.there, "hello");
    // [timeout]
    std::size_t size = co_await with_timeout(std::chrono::seconds(5), stream.read_some(buffer));
    // [/timeout]
    CHECK(size == 5);
  });
}
