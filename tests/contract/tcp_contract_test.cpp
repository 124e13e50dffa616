// Covers: tcp.h, stream_algorithms.h, socket_options.h: TCP connections and their bytes.
#include <algorithm>
#include <vector>

#include "support/contract.h"
#include "support/tcp_pair.h"

using namespace coil;
using coil::testing::make_pair;
using coil::testing::Pair;
using coil::testing::read_to_end;
using coil::testing::until_settled;
using coil::testing::with_pair;
using coil::testing::write_endlessly;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

TEST_CASE("port 0 picks a port, and both ends agree on the addresses, in IPv4 and IPv6") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    for (const Address& at : {Address::loopback(0), Address::loopback_v6(0)}) {
      Pair pair;
      co_await make_pair(*reactor, pair, at);
      CHECK(pair.here.peer_address() == pair.there.local_address());
      CHECK(pair.there.peer_address() == pair.here.local_address());
      CHECK(pair.here.peer_address().port() != 0);
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

TEST_CASE("accepts that wait on one listener at once each get a connection, the first one first") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    std::vector<Address> peers(4);
    auto accept = [&](std::size_t number) -> Task<void> {
      peers[number] = (co_await listener.accept()).peer_address();
    };
    std::vector<Address> clients;
    auto all = [&](TaskGroup& group) -> Task<void> {
      for (std::size_t number = 0; number < peers.size(); ++number) group.spawn(accept, number);
      co_await sleep(milliseconds(1));  // All of them wait.
      for (std::size_t number = 0; number < peers.size(); ++number) {
        TcpStream stream = co_await TcpStream::connect(*reactor, listener.local_address());
        clients.push_back(stream.local_address());
      }
    };
    co_await with_task_group(all);
    if (reactor->name() == "io_uring") {  // The kernel picks.
      CHECK(std::is_permutation(peers.begin(), peers.end(), clients.begin(), clients.end()));
    } else {
      CHECK(peers == clients);
    }
  };
  run(*reactor, body());
}

TEST_CASE("in a cancelled scope the sending side is not ended, and a shield ends it") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    auto end_it = [&]() -> Task<void> { co_await pair.here.shutdown_write(); };
    bool cancelled = false;
    auto cancels = [&](TaskGroup& group) -> Task<void> {
      group.cancel();
      try {
        co_await pair.here.shutdown_write();
      } catch (const Cancelled&) {
        cancelled = true;
      }
    };
    co_await with_task_group(cancels);
    CHECK(cancelled);
    co_await write_all(pair.here, "still open");
    auto shields = [&](TaskGroup& group) -> Task<void> {
      group.cancel();
      co_await shielded(end_it());
    };
    co_await with_task_group(shields);
    CHECK(co_await read_to_end(pair.there) == "still open");
  });
}

TEST_CASE("options are set and read on both ends") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    for (TcpStream* stream : {&pair.here, &pair.there}) {
      CHECK(stream->get<NoDelay>().on());
      stream->set(NoDelay(false));
      CHECK_FALSE(stream->get<NoDelay>().on());
      CHECK_FALSE(stream->get<KeepAlive>().on());
      stream->set(KeepAlive(true));
      CHECK(stream->get<KeepAlive>().on());
      stream->set(SendBuffer(64 * 1024));
      CHECK(stream->get<SendBuffer>().value() >= 64 * 1024);
    }
    pair.here.close();
    CHECK_THROWS_AS(pair.here.set(NoDelay(true)), HandleClosed);
    co_return;
  });
}

TEST_CASE("a connection comes from the address it was told to, or fails with ConnectBindError") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    const Address address = listener.local_address();
    const Address from(IpAddress::v4({127, 0, 0, 2}), 0);
    TcpOptions options = TcpOptions().set_bind_address(from).set_keep_alive(true);
    const TcpStream stream = co_await TcpStream::connect(*reactor, address, options);
    const TcpStream accepted = co_await listener.accept();
    CHECK(accepted.peer_address().ip() == from.ip());
    CHECK(stream.get<KeepAlive>().on());
    options.set_bind_address(address);
    const auto busy = co_await as_result(TcpStream::connect(*reactor, address, options));
    CHECK(busy.error().failure().check<ConnectBindError>());
    CHECK(busy.error().message().find(address.to_string()) != std::string::npos);
  };
  run(*reactor, body());
}

TEST_CASE("a connect that the peer never answers ends with its timeout") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    ListenOptions options = ListenOptions().set_backlog_max(0);
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0), options);
    const Address address = listener.local_address();
    std::vector<TcpStream> queued;
    bool timed_out = false;
    for (int tries = 0; tries < 8 && !timed_out; ++tries) {
      auto attempt = with_timeout(milliseconds(30), TcpStream::connect(*reactor, address));
      Result<TcpStream> stream = co_await as_result(std::move(attempt));
      timed_out = !stream && stream.error().code() == Errc::timed_out;
      if (stream) queued.push_back(std::move(*stream));
    }
    CHECK(timed_out);
    CHECK(reactor->handles().size() == queued.size() + 1);
  };
  run(*reactor, body());
}

TEST_CASE("listeners share a port where they are asked to, and IPv6 takes IPv4 in") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    ListenOptions shared = ListenOptions().set_reuse_port(true);
    const auto bind = [&](const Address& local) {
      return TcpListener::bind(*reactor, local, shared);
    };
    if (reactor->name() == "iocp") {
      CHECK_THROWS_WITH_AS(bind(Address::loopback(0)),
                           "cannot listen on 127.0.0.1:0: this is not supported here",
                           CannotListenError);
    } else {
      const TcpListener one = bind(Address::loopback(0));
      const TcpListener two = bind(one.local_address());
      CHECK(one.local_address() == two.local_address());
    }
    if (reactor->name() == "simulated") co_return;  // Its two families are two networks.
    ListenOptions both = ListenOptions().set_ipv6_only(false).set_no_delay(false);
    TcpListener any = TcpListener::bind(*reactor, Address::any_v6(0), both);
    const Address v4 = Address::loopback(any.local_address().port());
    const TcpStream client = co_await TcpStream::connect(*reactor, v4);
    const TcpStream accepted = co_await any.accept();
    CHECK(accepted.peer_address().to_string().starts_with("[::ffff:127.0.0.1]:"));
    CHECK_FALSE(accepted.get<NoDelay>().on());
  };
  run(*reactor, body());
}

TEST_CASE("ending the sending side after the peer has closed passes silently") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    pair.there.close();
    std::array<std::byte, 1> end;
    CHECK(co_await pair.here.read_some(end) == 0);
    co_await pair.here.shutdown_write();
  });
}

TEST_CASE("a copy reads no faster than the receiver does, and loses nothing") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Pair first;
    Pair second;
    co_await make_pair(*reactor, first);
    co_await make_pair(*reactor, second);
    std::size_t sent = 0;
    std::uint64_t copied = 0;
    auto source = [&]() -> Task<void> {
      const auto closed = co_await as_result(write_endlessly(first.here, sent));
      CHECK_FALSE(closed);
    };
    auto relay = [&]() -> Task<void> {
      AnyStream from(std::move(first.there));
      AnyStream to(std::move(second.here));
      copied = co_await copy(from, to);
      co_await to.shutdown_write();
    };
    std::uint64_t received = 0;
    auto drain = [&]() -> Task<void> {
      co_await until_settled(sent);
      const std::size_t stuck_at = sent;
      CHECK(stuck_at < 64 << 20);
      std::vector<std::byte> buffer(256 * 1024);
      while (sent < stuck_at + (1 << 20)) received += co_await second.there.read_some(buffer);
      auto end = [&]() -> Task<void> { co_await first.here.shutdown_write(); };
      // The writer sees the end of its own sending side as a broken pipe.
      co_await end();
      while (const std::size_t size = co_await second.there.read_some(buffer)) received += size;
    };
    co_await when_all(source(), relay(), drain());
    CHECK(received == copied);
    CHECK(received >= sent);
  };
  run(*reactor, body());
}

}  // namespace
