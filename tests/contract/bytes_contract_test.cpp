// Covers: tcp.h, buffer_lease.h, handle_table.h: no byte is lost, doubled or another connection's,
// whatever happened on the way.
#include <array>
#include <string>
#include <vector>

#include "support/cancel_at_each_step.h"
#include "support/contract.h"
#include "support/tcp_pair.h"

using namespace coil;
using namespace coil::testing;

namespace {

// Text in which a byte that is missing, doubled or moved shows.
std::string counted(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t at = 0; at < size; ++at) text[at] = static_cast<char>(at * 31 >> 3);
  return text;
}

TEST_CASE("bytes that are given back come in pieces of any size, and then the stream's own") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    const std::string text = counted(1000);
    co_await write_all(pair.here, text);
    std::string got(600, '.');
    co_await read_exactly(pair.there, got);
    pair.there.unread(ConstBytes(got).skip(250));
    pair.there.unread(ConstBytes(got).first(250));
    got.clear();
    for (const std::size_t size : {1U, 7U, 100U, 400U}) {
      std::string piece(size, '.');
      co_await read_exactly(pair.there, piece);
      got += piece;
    }
    CHECK(got == text.substr(0, 508));
    const BufferLease rest = co_await pair.there.receive();
    // At least what was given back, and perhaps more.
    CHECK(rest.size() >= 92);
    CHECK(text.substr(508).starts_with(as_text(rest.bytes())));
    pair.there.unread(rest.bytes());
    co_await pair.here.shutdown_write();
    got += co_await read_to_end(pair.there);
    CHECK(got == text);
  });
}

// The cancellation strikes at any await of either side; what follows is told apart from it by a
// scope of its own, and must fit to what both sides had been told.
TEST_CASE("a stream whose both sides are cancelled anywhere has carried what it said it did") {
  COIL_CONTRACT(reactor);
  const std::string text = counted(300'000);
  auto scenario = [&](CancelPoint& point) -> Task<void> {
    BriefPair pair;
    co_await shielded(make_pair(*reactor, pair));
    std::size_t sent = 0;
    std::string got;
    auto send = [&]() -> Task<void> {
      while (sent < text.size()) {
        point.here();
        sent += co_await pair.here.write_some(ConstBytes(text).skip(sent));
      }
    };
    auto receive = [&]() -> Task<void> {
      std::array<std::byte, 40'000> buffer;
      while (got.size() < text.size()) {
        point.here();
        const std::size_t size = co_await pair.there.read_some(buffer);
        got += as_text(ConstBytes(buffer).first(size));
        if (got.size() == text.size()) co_return;
        point.here();
        const BufferLease lease = co_await pair.there.receive();
        got += as_text(lease.bytes());
      }
    };
    bool cancelled = false;
    try {
      co_await when_all(send(), receive());
    } catch (const Cancelled&) {
      cancelled = true;
    }
    auto finish = [&]() -> Task<void> {
      co_await pair.here.shutdown_write();
      got += co_await read_to_end(pair.there);
    };
    co_await shielded(finish());
    CHECK(got.size() == sent);
    CHECK(got == text.substr(0, sent));
    if (cancelled) throw Cancelled();
  };
  cancel_at_each_step(*reactor, scenario);
}

TEST_CASE("a handle that is released and taken up again goes on where it was") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    for (int round = 0; round < 3; ++round) {
      // Both sides have been waited for, so that the backend knows the handle.
      std::string text(4, '.');
      auto read = [&]() -> Task<void> { co_await read_exactly(pair.there, text); };
      auto write = [&]() -> Task<void> {
        co_await yield();
        co_await write_all(pair.here, "word");
      };
      co_await when_all(read(), write());
      CHECK(text == "word");
      std::vector<std::byte> unread;
      const NativeHandle native = reactor->handles().release(pair.there.id(), unread);
      CHECK(unread.empty());
      CHECK_FALSE(pair.there.is_open());
      pair.there = TcpStream(*reactor, native);
    }
    co_await write_all(pair.there, "still connected");
    CHECK(as_text((co_await pair.here.receive()).bytes()) == "still connected");
  });
}

TEST_CASE("several pieces go out whole also when others have something to send as well") {
  COIL_CONTRACT(reactor);
  auto all = [&]() -> Task<void> {
    std::array<Pair, 4> pairs;
    for (Pair& pair : pairs) co_await make_pair(*reactor, pair);
    const std::array<ConstBytes, 3> pieces = {ConstBytes("one "), ConstBytes("two "),
                                              ConstBytes("three")};
    auto answer = [&](Pair& pair) -> Task<void> {
      std::string asked(3, '.');
      co_await read_exactly(pair.there, asked);
      CHECK(co_await pair.there.write_some(pieces) == 13);
    };
    auto body = [&](TaskGroup& group) -> Task<void> {
      for (Pair& pair : pairs) group.spawn(answer, outlives_group(pair));
      co_await sleep(Duration::zero());
      // They all wait by now, and are all asked in one turn.
      for (Pair& pair : pairs) CHECK(co_await pair.here.write_some("ask") == 3);
      for (Pair& pair : pairs) {
        std::string got(13, '.');
        co_await read_exactly(pair.here, got);
        CHECK(got == "one two three");
      }
    };
    co_await with_task_group(body);
  };
  run(*reactor, all());
}

TEST_CASE("a reactor closes the handles that nobody closed before its end") {
  COIL_CONTRACT(reactor);
  // The contract's end counts the descriptors.
  const NativeHandle native =
      reactor->sockets().open(SocketFamily::ipv4, SocketType::stream).value();
  CHECK(reactor->handles().find(reactor->handles().open(native, HandleKind::stream)) != nullptr);
}

TEST_CASE("a handle that is being closed takes no new request, nor does its old one go on") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    using Read = Await<ReceiveOperation, std::size_t, detail::ToSize>;
    const HandleId id = pair.there.id();
    std::array<std::byte, 8> buffer;
    auto read = [&]() -> Task<void> {
      const auto closed = co_await as_result(pair.there.read_some(buffer));
      CHECK(closed.error().code() == Errc::handle_closed);
    };
    auto close = [&]() -> Task<void> {
      co_await sleep(Duration::zero());
      pair.there.close();
      // The kernel may still have the first read.
      Read stale(detail::ToSize(), *reactor, id, MutableBytes(buffer));
      const auto refused = co_await as_result(std::move(stale));
      CHECK(refused.error().code() == Errc::handle_closed);
    };
    co_await when_all(read(), close());
  });
}

TEST_CASE("a connection that takes the place of one that was reset ends cleanly itself") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    for (int round = 0; round < 3; ++round) {
      Pair reset;
      co_await make_pair(*reactor, reset);
      reset.here.abort();
      reset.there.abort();
      co_await yield();
      Pair next;
      co_await make_pair(*reactor, next);
      co_await write_all(next.here, "last words");
      next.here.close();
      CHECK(co_await read_to_end(next.there) == "last words");
    }
  };
  run(*reactor, body());
}

}  // namespace
