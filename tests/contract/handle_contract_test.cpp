// Covers: await.h, operation.h, operations.h, handle_table.h, handle_id.h, buffer_lease.h,
// socket_calls.h, owned_socket.h: the life of handles and of what waits on them.
#include "support/contract.h"
#include "support/dies.h"
#include "support/tcp_pair.h"

using namespace coil;
using coil::testing::last_words;
using coil::testing::make_pair;
using coil::testing::Pair;
using coil::testing::until_settled;
using coil::testing::with_pair;
using coil::testing::write_endlessly;
using std::chrono::milliseconds;

namespace {

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
    if (got.empty()) co_await read();  // The data took its time; it must still be there.
    CHECK(got == "data");
  });
}

TEST_CASE("a read that is cancelled before its handle is closed ends as cancelled") {
  COIL_CONTRACT(reactor);
  bool cancelled = false;
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    auto reads = [&]() -> Task<void> {
      try {
        co_await pair.here.receive();
      } catch (const Cancelled&) {
        cancelled = true;
        throw;
      }
    };
    auto body = [&](TaskGroup& group) -> Task<void> {
      group.spawn(reads);
      co_await sleep(Duration::zero());
      group.cancel();
      pair.here.close();
    };
    co_await with_task_group(body);
  });
  CHECK(cancelled);
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
    // Beyond half of the pool a lease is an exact copy, and its buffer stays in use. Many leases
    // share a buffer of a ring.
    if (reactor->name() != "io_uring") CHECK(reactor->buffers().held() <= peers / 2);
    co_await write_all(pairs.back().here, "heard");
    const BufferLease last = co_await pairs.back().there.receive();
    CHECK(as_text(last.bytes()) == "heard");
    for (const BufferLease& lease : held) CHECK(as_text(lease.bytes()) == "keep this");
    // A reset leaves no port in TIME_WAIT: the suite can be repeated without running out of them.
    for (Pair& pair : pairs) pair.here.abort();
  };
  run(*reactor, body());
}

TEST_CASE("the id of a closed handle never names the next one") {
  COIL_CONTRACT(reactor);
  TcpListener first = TcpListener::bind(*reactor, Address::loopback(0));
  const HandleId stale = first.id();
  first.close();
  for (int count = 0; count < 3; ++count) {
    TcpListener next = TcpListener::bind(*reactor, Address::loopback(0));
    CHECK(next.id() != stale);
    CHECK(reactor->handles().find(stale) == nullptr);
    reactor->handles().close(stale);
    CHECK(next.is_open());
  }
}

TEST_CASE("stopping the reactor with reads in flight drains them") {
  COIL_CONTRACT(reactor);
  Pair pair;
  run(*reactor, make_pair(*reactor, pair));
  auto forever = [](TcpStream* stream) -> Task<void> {
    std::array<std::byte, 8> buffer;
    co_await stream->read_some(buffer);
  };
  detail::start_root<"reader">(*reactor, forever(&pair.here));
  detail::start_root<"reader">(*reactor, forever(&pair.there));
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  CHECK(reactor->last_stop().forced() == 0);
  CHECK(reactor->counters().submitted == reactor->counters().completed);
}

TEST_CASE("closing ends a pending write too, at once although the peer does not read") {
  COIL_CONTRACT(reactor);
  for (const bool with_reset : {false, true}) {
    with_pair(*reactor, [&](Pair& pair) -> Task<void> {
      std::size_t total = 0;
      auto write = [&]() -> Task<void> {
        const auto closed = co_await as_result(write_endlessly(pair.here, total));
        CHECK(closed.error().code() == Errc::handle_closed);
      };
      auto close = [&]() -> Task<void> {
        co_await until_settled(total);
        with_reset ? pair.here.abort() : pair.here.close();
      };
      co_await when_all(write(), close());
      // Neither a second close nor one of the other side finds anything to complain about.
      pair.here.abort();
      pair.here.close();
      pair.there.abort();
      CHECK_FALSE(pair.here.is_open());
    });
  }
}

TEST_CASE("closing a listener ends every accept that waits on it") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    int ended = 0;
    auto accept = [&]() -> Task<void> {
      const auto closed = co_await as_result(listener.accept());
      CHECK(closed.error().code() == Errc::handle_closed);
      ++ended;
    };
    auto close = [&]() -> Task<void> {
      co_await yield();
      listener.close();
    };
    co_await when_all(accept(), accept(), accept(), close());
    CHECK(ended == 3);
  };
  run(*reactor, body());
}

TEST_CASE("a stream may be moved, or destroyed, while a read is pending on it") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    std::string text(5, ' ');
    TcpStream moved;
    auto read = [&]() -> Task<void> { co_await read_exactly(pair.there, text); };
    auto move = [&]() -> Task<void> {
      co_await yield();
      moved = std::move(pair.there);
      co_await write_all(pair.here, "moved");
    };
    co_await when_all(read(), move());
    CHECK(text == "moved");
    std::optional<TcpStream> destroyed(std::move(moved));
    std::array<std::byte, 8> buffer;
    auto wait = [&]() -> Task<void> {
      const auto closed = co_await as_result(destroyed->read_some(buffer));
      CHECK(closed.error().code() == Errc::handle_closed);
    };
    auto destroy = [&]() -> Task<void> {
      co_await yield();
      destroyed.reset();
    };
    co_await when_all(wait(), destroy());
  });
}

TEST_CASE("a descriptor number that is used again never reaches the stream that had it") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    const HandleId old = pair.there.id();
    const NativeHandle number = reactor->handles().find(old)->native();
    std::array<std::byte, 8> buffer;
    auto read = [&]() -> Task<void> {
      const auto closed = co_await as_result(pair.there.read_some(buffer));
      CHECK(closed.error().code() == Errc::handle_closed);
    };
    auto close = [&]() -> Task<void> {
      co_await yield();
      pair.there.close();
    };
    co_await when_all(read(), close());
    bool used_again = false;
    std::vector<Pair> others(4);
    for (Pair& other : others) {
      co_await make_pair(*reactor, other);
      for (TcpStream* stream : {&other.here, &other.there}) {
        used_again = used_again || reactor->handles().find(stream->id())->native() == number;
      }
      co_await write_all(other.here, "here");
      co_await write_all(other.there, "there");
    }
    // The simulated network gives every socket a number of its own.
    CHECK((used_again || reactor->name() == "simulated"));
    using Read = Await<ReceiveOperation, std::size_t, detail::ToSize>;
    Read stale(detail::ToSize(), *reactor, old, MutableBytes(buffer));
    const auto refused = co_await as_result(std::move(stale));
    CHECK(refused.error().code() == Errc::handle_closed);
    for (Pair& other : others) {
      CHECK(to_string((co_await other.there.receive()).bytes()) == "here");
      CHECK(to_string((co_await other.here.receive()).bytes()) == "there");
    }
  });
}

TEST_CASE("writes that are cancelled at any step arrive exactly if they said so") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    std::size_t sent = 0;
    auto write = [&]() -> Task<void> { sent += co_await pair.here.write_some("x"); };
    for (int round = 0; round < 200; ++round) {
      auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(write);
        for (int step = 0; step < round % 4; ++step) co_await yield();
        group.cancel();
      };
      co_await with_task_group(body);
    }
    co_await pair.here.shutdown_write();
    std::size_t received = 0;
    std::array<std::byte, 64> buffer;
    while (const std::size_t size = co_await pair.there.read_some(buffer)) received += size;
    CHECK(received == sent);
  });
}

TEST_CASE("a connect that is cancelled at any step leaves nothing behind") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    const Address address = listener.local_address();
    auto connect = [&]() -> Task<void> {
      const TcpStream stream = co_await TcpStream::connect(*reactor, address);
      CHECK(stream.peer_address() == address);
    };
    for (int round = 0; round < 40; ++round) {
      auto race = [&](TaskGroup& group) -> Task<void> {
        group.spawn(connect);
        for (int step = 0; step < round % 5; ++step) co_await yield();
        group.cancel();
      };
      co_await with_task_group(race);
    }
    CHECK(reactor->handles().size() == 1);
  };
  run(*reactor, body());
}

// Two tasks that want the same side of one stream.
template <class Both>
void share_a_side(Both both) {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> { co_await both(pair); });
}

TEST_CASE("a second read or write while one is pending ends the program with a sentence") {
  auto read_twice = [](Pair& pair) -> Task<void> {
    std::array<std::byte, 8> buffer;
    co_await when_all(pair.here.read_some(buffer), pair.here.receive());
  };
  auto write_twice = [](Pair& pair) -> Task<void> {
    std::size_t total = 0;
    co_await when_all(write_endlessly(pair.here, total), write_endlessly(pair.here, total));
  };
  {
    COIL_CONTRACT(offered);
  }
  CHECK(last_words([&] { share_a_side(read_twice); }).find("another read was pending") !=
        std::string::npos);
  CHECK(last_words([&] { share_a_side(write_twice); }).find("another write was pending") !=
        std::string::npos);
}

}  // namespace
