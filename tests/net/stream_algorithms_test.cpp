// Covers: stream_algorithms.h, byte_stream.h.
#include <coil/net/byte_stream.h>
#include <coil/net/stream_algorithms.h>
#include <coil/runtime.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace coil;

namespace {

// Gives and takes at most `step` bytes at a time.
class Trickle {
 public:
  Trickle(std::string text, std::size_t most) : unread(std::move(text)), step(most) {}

  Task<std::size_t> read_some(MutableBytes into) {
    co_await yield();
    const std::size_t size = std::min({step, into.size(), unread.size()});
    std::copy_n(as_bytes(unread).begin(), size, into.begin());
    unread.erase(0, size);
    co_return size;
  }
  Task<std::size_t> write_some(ConstBytes from) {
    co_await yield();
    const ConstBytes taken = from.first(step);
    written += as_text(taken);
    co_return taken.size();
  }
  Task<void> shutdown_write() {
    ended = true;
    co_return;
  }

  std::string unread;
  std::size_t step;
  std::string written;
  bool ended = false;
};

static_assert(ByteStream<Trickle>);
static_assert(ByteStream<AnyStream>);

// Runs body() to its end on a reactor of its own.
template <class Body>
void run_body(Body body) {
  const std::unique_ptr<Reactor> reactor = make_reactor();
  run(*reactor, body());
}

TEST_CASE("read_exactly gathers pieces, and tells of an end that came too early") {
  run_body([]() -> Task<void> {
    Trickle stream("0123456789", 3);
    std::string text(8, ' ');
    co_await read_exactly(stream, text);
    CHECK(text == "01234567");
    co_await read_exactly(stream, MutableBytes());
    const auto ended = co_await as_result(read_exactly(stream, text));
    CHECK(ended.error().failure().check<EndOfStream>());
  });
}

TEST_CASE("read_until finds a delimiter however it is split, and keeps what came behind it") {
  run_body([]() -> Task<void> {
    for (std::size_t step = 1; step < 12; ++step) {
      CAPTURE(step);
      Trickle stream("one\r\n\r\ntwo\r\r\nrest", step);
      std::string buffered;
      CHECK(co_await read_until(stream, buffered, "\r\n", 4) == "one");
      CHECK(co_await read_until(stream, buffered, "\r\n", 4) == "");
      CHECK(co_await read_until(stream, buffered, "\r\n", SIZE_MAX) == "two\r");
      const auto ended = co_await as_result(read_until(stream, buffered, "\r\n", 4));
      CHECK(ended.error().failure().check<EndOfStream>());
      CHECK(buffered == "rest");
    }
  });
}

TEST_CASE("read_until keeps its limit: exactly that many bytes pass, one more does not") {
  run_body([]() -> Task<void> {
    for (std::size_t step = 1; step < 9; ++step) {
      CAPTURE(step);
      Trickle stream("12345\n123456\n", step);
      std::string buffered;
      CHECK(co_await read_until(stream, buffered, "\n", 5) == "12345");
      const auto too_long = co_await as_result(read_until(stream, buffered, "\n", 5));
      CHECK(too_long.error().failure().check<MessageTooLong>());
      CHECK(stream.unread.size() + buffered.size() == 7);
    }
  });
}

TEST_CASE("write_all writes everything, and nothing is nothing") {
  run_body([]() -> Task<void> {
    Trickle stream("", 4);
    co_await write_all(stream, "in more than one piece");
    co_await write_all(stream, "");
    CHECK(stream.written == "in more than one piece");
  });
}

TEST_CASE("copy carries everything to the end, counts it, and leaves the end to its caller") {
  run_body([]() -> Task<void> {
    std::string data(50000, ' ');
    for (std::size_t at = 0; at < data.size(); ++at) data[at] = static_cast<char>('a' + at % 23);
    Trickle from(data, 20000);
    Trickle to("", 777);
    CHECK(co_await copy(from, to) == data.size());
    CHECK(to.written == data);
    CHECK_FALSE(to.ended);
  });
}

TEST_CASE("an AnyStream reads, writes and ends what it holds") {
  run_body([]() -> Task<void> {
    AnyStream stream(Trickle("held", 2));
    AnyStream moved = std::move(stream);
    std::string text(4, ' ');
    co_await read_exactly(moved, text);
    CHECK(text == "held");
    co_await write_all(moved, "out");
    co_await moved.shutdown_write();
  });
}

}  // namespace
