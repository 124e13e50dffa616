// The examples of result.h and as_result.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include "support/tcp_pair.h"

using namespace coil;

namespace {

std::string used;
void use(ConstBytes bytes) { used = as_text(bytes); }

Task<void> read_one(TcpStream& stream) {
  std::array<std::byte, 64> storage;
  MutableBytes buffer = storage;
  // [as_result]
  Result<std::size_t> size = co_await as_result(stream.read_some(buffer));
  if (!size) co_return;  // size.error() says why.
  use(buffer.first(*size));
  // [/as_result]
}

// [or_return]
Task<Result<std::string>> greet(TcpStream& stream) {
  std::array<std::byte, 64> buffer;
  std::size_t size = co_await or_return(stream.read_some(buffer));
  co_return to_string(ConstBytes(buffer).first(size));
}
// [/or_return]

}  // namespace

TEST_CASE("as_result and or_return") {
  const auto reactor = make_reactor();
  testing::with_pair(*reactor, [](testing::Pair& pair) -> Task<void> {
    co_await write_all(pair.there, "hello");
    co_await read_one(pair.here);
    CHECK(used == "hello");
    co_await write_all(pair.there, "again");
    Result<std::string> again = co_await greet(pair.here);
    CHECK(*again == "again");
    pair.there.abort();
    int resets = 0;
    Result<std::string> result = co_await greet(pair.here);
    // [inspect]
    if (!result && result.error().code() == std::errc::connection_reset) ++resets;
    // [/inspect]
    CHECK(resets == 1);
  });
}
