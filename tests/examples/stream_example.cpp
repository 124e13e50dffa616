// The examples of byte_stream.h and stream_algorithms.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/tcp_pair.h"

using namespace coil;

TEST_CASE("any stream") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  auto all = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(reactor, Address::loopback(0));
    const Address server = listener.local_address();
    // [any stream]
    AnyStream stream(co_await TcpStream::connect(reactor, server));
    co_await write_all(stream, "hello\n");
    // [/any stream]
    TcpStream accepted = co_await listener.accept();
    const BufferLease heard = co_await accepted.receive();
    CHECK(as_text(heard.bytes()) == "hello\n");
  };
  run(reactor, all());
}

TEST_CASE("exact and lines") {
  const auto reactor = make_reactor();
  testing::with_pair(*reactor, [](testing::Pair& pair) -> Task<void> {
    TcpStream& stream = pair.here;
    co_await write_all(pair.there, "HEADfirst\r\nsecond\r\nrest");
    co_await pair.there.shutdown_write();
    std::vector<std::string> lines;
    auto use = [&](const std::string& line) { lines.push_back(line); };
    // [exact]
    std::array<std::byte, 4> header;
    co_await read_exactly(stream, header);
    // [/exact]
    CHECK(as_text(header) == "HEAD");
    // [lines]
    std::string buffered;
    for (;;) {
      Result<std::string> line = co_await as_result(read_until(stream, buffered, "\r\n", 1024));
      if (!line) break;  // The peer has closed, or the line is too long.
      use(*line);
    }
    // [/lines]
    CHECK(lines == std::vector<std::string>{"first", "second"});
    CHECK(buffered == "rest");
  });
}

TEST_CASE("copy") {
  const auto reactor = make_reactor();
  auto all = [&]() -> Task<void> {
    testing::Pair in;
    testing::Pair out;
    co_await testing::make_pair(*reactor, in);
    co_await testing::make_pair(*reactor, out);
    TcpStream& upload = in.here;
    TcpStream& file = out.here;
    co_await write_all(in.there, "some bytes");
    co_await in.there.shutdown_write();
    // [copy]
    std::uint64_t total = co_await copy(upload, file);
    // [/copy]
    CHECK(total == 10);
  };
  run(*reactor, all());
}
