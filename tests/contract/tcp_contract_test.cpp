// Covers: tcp.h, stream_algorithms.h, byte_stream.h, serve.h, await.h, operation.h, operations.h,
// handle_table.h, handle_id.h, buffer_lease.h, socket_calls.h: TCP and the life of its handles.
#include <coil/net.h>

#include <sys/resource.h>
#include <unistd.h>

#include "support/contract.h"

using namespace coil;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

class Pair {
 public:
  TcpStream here;
  TcpStream there;
};

Task<void> make_pair(Reactor& reactor, Pair& pair, Address at = Address::loopback(0)) {
  TcpListener listener = TcpListener::bind(reactor, at);
  auto accept = [&]() -> Task<void> { pair.there = co_await listener.accept(); };
  auto connect = [&]() -> Task<void> {
    pair.here = co_await TcpStream::connect(reactor, listener.local_address());
  };
  co_await when_all(accept(), connect());
}

// Runs body(pair) with a connected pair.
template <class Body>
void with_pair(Reactor& reactor, Body body) {
  auto all = [&]() -> Task<void> {
    Pair pair;
    co_await make_pair(reactor, pair);
    co_await body(pair);
  };
  run(reactor, all());
}

TEST_CASE("port 0 picks a port, and both ends agree on the addresses, in IPv4 and IPv6") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    for (const Address& at : {Address::loopback(0), Address::loopback_v6(0)}) {
      Pair pair;
      co_await make_pair(*reactor, pair, at);
      CHECK(pair.here.peer_address() == pair.there.local_address());
      CHECK(pair.there.peer_address() == pair.here.local_address());
      CHECK(pair.here.peer_address().port() != 0);
      CHECK(pair.here.no_delay());
      CHECK(pair.there.no_delay());
      pair.here.set_keep_alive(true);
      CHECK(pair.here.keep_alive());
    }
  };
  run(*reactor, body());
}

TEST_CASE("a busy address cannot be listened on, and the error names it") {
  COIL_CONTRACT(reactor);
  const TcpListener first = TcpListener::bind(*reactor, Address::loopback(0));
  const Address taken = first.local_address();
  try {
    TcpListener::bind(*reactor, taken);
    FAIL("two listeners on one address");
  } catch (const CannotListenError& error) {
    CHECK(error.code() == std::errc::address_in_use);
    CHECK(std::string(error.what()).find(taken.to_string()) != std::string::npos);
  }
}

TEST_CASE("the address can be bound again as soon as the listener is closed") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Address address = Address::loopback(0);
    for (int round = 0; round < 3; ++round) {
      TcpListener listener = TcpListener::bind(*reactor, address);
      address = listener.local_address();
      auto accepting = with_timeout(milliseconds(1), listener.accept());
      const auto nobody = co_await as_result(std::move(accepting));
      CHECK(nobody.error().code() == Errc::timed_out);
      listener.close();
      co_await yield();
      co_await yield();
    }
  };
  run(*reactor, body());
}

TEST_CASE("a refused connection is ConnectionRefusedError with the system's code") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener gone = TcpListener::bind(*reactor, Address::loopback(0));
    const Address address = gone.local_address();
    gone.close();
    const auto refused = co_await as_result(TcpStream::connect(*reactor, address));
    CHECK(refused.error().code() == std::errc::connection_refused);
    CHECK(refused.error().failure().check<ConnectionRefusedError>());
  };
  run(*reactor, body());
}

TEST_CASE("sixteen megabytes pass whole through a slow reader") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    std::string data(16 << 20, ' ');
    for (std::size_t at = 0; at < data.size(); ++at) data[at] = static_cast<char>(at * 31 >> 3);
    auto write = [&]() -> Task<void> {
      co_await write_all(pair.here, data);
      co_await pair.here.shutdown_write();
    };
    auto read = [&]() -> Task<void> {
      std::string got;
      for (;;) {
        const BufferLease lease = co_await pair.there.receive();
        if (lease.empty()) break;
        got += as_text(lease.bytes());
        co_await yield();
      }
      CHECK(got == data);
    };
    co_await when_all(write(), read());
  });
}

TEST_CASE("several pieces go out in order with one write") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    const std::vector<ConstBytes> pieces = {"one ", "two ", "three"};
    CHECK(co_await pair.here.write_some(std::span(pieces)) == 13);
    std::string text(13, ' ');
    co_await read_exactly(pair.there, text);
    CHECK(text == "one two three");
  });
}

TEST_CASE("after a half close the other direction still works, and the end is told again") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    co_await write_all(pair.here, "last words");
    co_await pair.here.shutdown_write();
    std::string text(10, ' ');
    co_await read_exactly(pair.there, text);
    std::array<std::byte, 8> end;
    CHECK(co_await pair.there.read_some(end) == 0);
    CHECK(co_await pair.there.read_some(end) == 0);
    CHECK((co_await pair.there.receive()).empty());
    co_await write_all(pair.there, "heard");
    std::string answer(5, ' ');
    co_await read_exactly(pair.here, answer);
    CHECK(answer == "heard");
  });
}

TEST_CASE("an abort resets the peer, also with unread data on the way") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    auto abort_soon = [&]() -> Task<void> {
      co_await yield();
      pair.here.abort();
    };
    std::array<std::byte, 8> buffer;
    auto read = [&]() -> Task<void> {
      const auto lost = co_await as_result(pair.there.read_some(buffer));
      CHECK(lost.error().failure().check<ConnectionLost>());
    };
    co_await when_all(read(), abort_soon());
    const auto again = co_await as_result(pair.here.read_some(buffer));
    CHECK(again.error().code() == Errc::handle_closed);
  });
}

TEST_CASE("writing to a peer that has gone ends in ConnectionLost, not in a signal") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    pair.there.abort();
    Result<std::size_t> written = std::size_t{0};
    while (written) {
      written = co_await as_result(pair.here.write_some("x"));
      co_await yield();
    }
    CHECK(written.error().failure().check<ConnectionLost>());
  });
}

TEST_CASE("closing a handle ends every pending await on it, and the stale id stays dead") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    const HandleId id = pair.here.id();
    std::array<std::byte, 8> buffer;
    auto read = [&]() -> Task<void> {
      const auto closed = co_await as_result(pair.here.read_some(buffer));
      CHECK(closed.error().failure().check<HandleClosed>());
    };
    auto close = [&]() -> Task<void> {
      co_await yield();
      pair.here.close();
    };
    co_await when_all(read(), close());
    co_await yield();
    Pair next;
    co_await make_pair(*reactor, next);
    CHECK(reactor->handles().find(id) == nullptr);
    CHECK_FALSE(next.here.id() == id);
    CHECK_FALSE(next.there.id() == id);
  });
}

TEST_CASE("a cancelled read that already had data returns the data") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    co_await write_all(pair.here, "data");
    std::string got;
    auto read = [&]() -> Task<void> {
      std::array<std::byte, 8> buffer;
      const std::size_t size = co_await pair.there.read_some(buffer);
      got += as_text(ConstBytes(buffer).first(size));
    };
    // Whether the cancellation wins or the data does: not a byte is lost.
    for (int steps = 0; got.empty() && steps < 100; ++steps) {
      auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(read);
        for (int step = 0; step < steps; ++step) co_await yield();
        group.cancel();
      };
      co_await with_task_group(body);
    }
    CHECK(got == "data");
  });
}

TEST_CASE("a cancelled accept loses no connection") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpStream accepted;
    auto accept = [&]() -> Task<void> { accepted = co_await listener.accept(); };
    TcpStream client = co_await TcpStream::connect(*reactor, listener.local_address());
    for (int steps = 0; !accepted.is_open() && steps < 100; ++steps) {
      auto race = [&](TaskGroup& group) -> Task<void> {
        group.spawn(accept);
        for (int step = 0; step < steps; ++step) co_await yield();
        group.cancel();
      };
      co_await with_task_group(race);
    }
    co_await write_all(client, "hello");
    std::string text(5, ' ');
    co_await read_exactly(accepted, text);
    CHECK(text == "hello");
  };
  run(*reactor, body());
}

TEST_CASE("an empty read completes at once and touches nothing") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    CHECK(co_await pair.here.read_some(MutableBytes()) == 0);
  });
}

TEST_CASE("bytes that are given back are read first, then what comes") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    co_await write_all(pair.here, "world");
    pair.there.unread("hello ");
    std::string text(11, ' ');
    co_await read_exactly(pair.there, text);
    CHECK(text == "hello world");
    pair.there.unread("again");
    CHECK(to_string((co_await pair.there.receive()).bytes()) == "again");
  });
}

TEST_CASE("lines are found however they are split, and a limit is kept") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    co_await write_all(pair.here, "first\r\nsecond\r\nno end");
    co_await pair.here.shutdown_write();
    std::string buffered;
    CHECK(co_await read_until(pair.there, buffered, "\r\n", 100) == "first");
    CHECK(co_await read_until(pair.there, buffered, "\r\n", 6) == "second");
    const auto too_long = co_await as_result(read_until(pair.there, buffered, "\r\n", 2));
    CHECK(too_long.error().code() == Errc::message_too_long);
    const auto ended = co_await as_result(read_until(pair.there, buffered, "\r\n", 100));
    CHECK(ended.error().code() == Errc::end_of_stream);
    CHECK(buffered == "no end");
  });
}

TEST_CASE("serve keeps its limit, survives a handler that throws, and ends with its listener") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    std::size_t open = 0;
    std::size_t most = 0;
    auto handle = [](TcpStream stream, std::size_t* now, std::size_t* max) -> Task<void> {
      *max = std::max(*max, ++*now);
      std::array<std::byte, 1> byte;
      const std::size_t size = co_await stream.read_some(byte);
      --*now;
      if (size == 1) throw std::runtime_error("a bad client");
    };
    auto handler = [&](TcpStream stream) { return handle(std::move(stream), &open, &most); };
    auto server = [&]() -> Task<void> {
      co_await serve(listener, handler, ServeOptions().set_connections_max(2));
    };
    auto client = [&](bool bad) -> Task<void> {
      TcpStream stream = co_await TcpStream::connect(*reactor, listener.local_address());
      if (bad) co_await write_all(stream, "!");
      co_await stream.shutdown_write();
      std::array<std::byte, 1> end;
      static_cast<void>(co_await as_result(stream.read_some(end)));
    };
    auto clients = [&]() -> Task<void> {
      std::vector<Task<void>> tasks;
      for (int number = 0; number < 8; ++number) tasks.push_back(client(number == 0));
      co_await when_all(std::move(tasks));
      listener.close();
    };
    co_await when_all(server(), clients());
    CHECK(most <= 2);
    CHECK(open == 0);
    CHECK(reactor.log.size() == 1);
  };
  run(*reactor, body());
}

TEST_CASE("peers that hold more leases than the pool has do not deafen one more") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    constexpr std::size_t peers = 128;  // Twice the pool's buffers.
    std::vector<Pair> pairs(peers + 1);
    std::vector<BufferLease> held;
    for (Pair& pair : pairs) {
      co_await make_pair(*reactor, pair);
      co_await write_all(pair.here, "keep this");
      held.push_back(co_await pair.there.receive());
      CHECK(as_text(held.back().bytes()) == "keep this");
    }
    co_await write_all(pairs.back().here, "heard");
    const BufferLease last = co_await pairs.back().there.receive();
    CHECK(as_text(last.bytes()) == "heard");
    for (const BufferLease& lease : held) CHECK(as_text(lease.bytes()) == "keep this");
  };
  run(*reactor, body());
}

TEST_CASE("without descriptors accept waits without spinning and goes on when one is free") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpStream spare = co_await TcpStream::connect(*reactor, listener.local_address());
    TcpStream first = co_await listener.accept();
    TcpStream waiting = co_await TcpStream::connect(*reactor, listener.local_address());
    rlimit before = {};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit few = before;
    few.rlim_cur = 256;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    std::vector<int> fillers;
    for (int filler = ::dup(0); filler >= 0; filler = ::dup(0)) fillers.push_back(filler);
    const std::uint64_t turns = reactor->counters().turns;
    auto refused = with_timeout(milliseconds(20), listener.accept());
    const auto nothing = co_await as_result(std::move(refused));
    CHECK(nothing.error().code() == Errc::timed_out);
    CHECK(reactor->counters().turns - turns < 30);
    auto accept = [&]() -> Task<void> { first = co_await listener.accept(); };
    auto release = [&]() -> Task<void> {
      co_await yield();
      spare.close();
    };
    co_await when_all(accept(), release());
    for (const int filler : fillers) ::close(filler);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    co_await write_all(waiting, "at last");
    std::string text(7, ' ');
    co_await read_exactly(first, text);
    CHECK(text == "at last");
  };
  run(*reactor, body());
}

TEST_CASE("stopping the reactor with reads in flight drains them") {
  COIL_CONTRACT(reactor);
  Pair pair;
  run(*reactor, make_pair(*reactor, pair));
  auto forever = [](TcpStream* stream) -> Task<void> {
    std::array<std::byte, 8> buffer;
    co_await stream->read_some(buffer);
  };
  detail::start_root(*reactor, forever(&pair.here), "reader");
  detail::start_root(*reactor, forever(&pair.there), "reader");
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  CHECK(reactor->last_stop().forced.empty());
  CHECK(reactor->counters().submitted == reactor->counters().completed);
}

}  // namespace
