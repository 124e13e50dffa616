// The examples of pipe.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>

using namespace coil;

TEST_CASE("through a pipe") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  std::array<int, 2> ends;
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  const NativeHandle read_end(ends[0]);
  const NativeHandle write_end(ends[1]);
  auto all = [&]() -> Task<void> {
    // [through a pipe]
    PipeWriter writer(reactor, write_end);
    PipeReader reader(reactor, read_end);
    co_await writer.write_all(as_bytes("hello"));
    co_await writer.shutdown_write();
    std::array<std::byte, 5> text;
    co_await read_exactly(reader, text);
    // [/through a pipe]
    CHECK(as_text(text) == "hello");
    const std::size_t size = co_await reader.read_some(text);
    CHECK(size == 0);
  };
  run(reactor, all());
}

TEST_CASE("write") {
  const std::unique_ptr<Reactor> reactor = make_reactor();
  std::array<int, 2> ends;
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  PipeReader reader(*reactor, NativeHandle(ends[0]));
  PipeWriter writer(*reactor, NativeHandle(ends[1]));
  auto all = [&]() -> Task<void> {
    // [write]
    co_await writer.write_all(as_bytes("hello"));
    co_await writer.shutdown_write();  // Its reader finds the end.
    // [/write]
    CHECK(!writer.is_open());
  };
  run(*reactor, all());
}
