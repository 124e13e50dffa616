// Covers: tcp.h, handle_table.h, unread_bytes.h: what comes in on a stream, whoever reads it, how,
// and when.
#include <array>
#include <random>
#include <string>
#include <vector>

#include "support/contract.h"
#include "support/numbered.h"
#include "support/tcp_pair.h"
#include "support/wine.h"

using namespace coil;
using namespace coil::testing;

namespace {

using Poll = Await<PollOperation, void, detail::ToNothing>;

Poll readable(TcpStream& stream) {
  return Poll(detail::ToNothing(), stream.reactor(), stream.id(), Direction::read);
}

Task<void> some_turns(int count) {
  for (int turn = 0; turn < count; ++turn) co_await sleep(Duration::zero());
}

// A read that is cancelled while it waits; the stream is then received from, and nobody reads.
Task<void> give_up_reading(TcpStream& stream) {
  auto body = [&](TaskGroup& group) -> Task<void> {
    auto read = [&]() -> Task<void> { co_await stream.receive(); };
    group.spawn(read);
    co_await some_turns(2);
    group.cancel();
  };
  co_await with_task_group(body);
}

// Sizes of messages that go up and down through every way of receiving.
class Sizes {
 public:
  explicit Sizes(std::uint64_t seed) : random_(seed) {}
  std::size_t next() {
    if (left_-- == 0) {
      kind_ = random_() % 4;
      left_ = 1 + random_() % 40;
    }
    constexpr std::array<std::size_t, 4> least = {1, 3'500, 7'500, 16'000};
    constexpr std::array<std::size_t, 4> span = {2'000, 1'200, 1'400, 90'000};
    return least[kind_] + random_() % span[kind_];
  }
  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  std::mt19937_64 random_;
  std::size_t kind_ = 0;
  std::size_t left_ = 0;
};

Task<void> send_numbered(TcpStream& stream, std::size_t total, std::uint64_t seed) {
  Sizes sizes(seed);
  for (std::size_t at = 0; at < total;) {
    const std::vector<std::byte> message = numbered(at, std::min(sizes.next(), total - at));
    if (sizes.below(2) == 0) {
      co_await stream.write_all(message);
    } else {
      co_await write_all(stream, message);
    }
    at += message.size();
    if (sizes.below(3) != 0) co_await some_turns(1);
  }
  co_await stream.shutdown_write();
}

Task<void> read_piece(TcpStream& stream, NumberedReader& reader, Sizes& sizes, bool& ended) {
  std::size_t size = 0;
  if (sizes.below(2) == 0) {
    std::vector<std::byte> buffer(sizes.next());
    size = co_await stream.read_some(buffer);
    reader.add(ConstBytes(buffer).first(size));
  } else {
    const BufferLease lease = co_await stream.receive();
    size = lease.size();
    reader.add(lease.bytes());
  }
  ended = size == 0;
}

Task<void> read_numbered(TcpStream& stream, NumberedReader& reader, std::uint64_t seed) {
  Sizes sizes(seed);
  for (bool ended = false; !ended;) {
    const std::size_t choice = sizes.below(16);
    if (choice == 0) co_await some_turns(static_cast<int>(sizes.below(6)));
    if (choice == 1) co_await readable(stream);
    if (choice >= 4) {
      co_await read_piece(stream, reader, sizes, ended);
      continue;
    }
    auto body = [&](TaskGroup& group) -> Task<void> {
      auto read = [&]() -> Task<void> { co_await read_piece(stream, reader, sizes, ended); };
      group.spawn(read);
      co_await some_turns(static_cast<int>(choice));
      group.cancel();
    };
    co_await with_task_group(body);
  }
}

TEST_CASE("a stream whose messages grow and shrink brings every byte in order, both ways") {
  COIL_CONTRACT(reactor);
  constexpr std::size_t total = 6'000'000;
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    NumberedReader here;
    NumberedReader there;
    const std::uint64_t seed = test_seed();
    co_await when_all(
        send_numbered(pair.here, total, seed), read_numbered(pair.there, there, seed + 1),
        send_numbered(pair.there, total, seed + 2), read_numbered(pair.here, here, seed + 3));
    CHECK(here.size() == total);
    CHECK(here.good());
    CHECK(there.size() == total);
    CHECK(there.good());
  });
}

TEST_CASE("a peer that floods a stream nobody reads is held up, and then all of it comes") {
  COIL_CONTRACT(reactor);
  for (const std::size_t message : {std::size_t{1'000}, std::size_t{50'000}}) {
    with_pair(*reactor, [&](Pair& pair) -> Task<void> {
      CAPTURE(message);
      pair.there.set(ReceiveBuffer(64 * 1024));
      co_await give_up_reading(pair.there);
      std::size_t sent = 0;
      std::size_t most_unread = 0;
      auto flood = [&]() -> Task<void> {
        for (;;) {
          const std::vector<std::byte> block = numbered(sent, message);
          sent += co_await pair.here.write_some(block);
          co_await some_turns(1);
        }
      };
      auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(flood);
        co_await until_settled(sent);
        most_unread = reactor->handles().find(pair.there.id())->unread.size();
        group.cancel();
      };
      co_await with_task_group(body);
      CHECK(most_unread < 2 << 20);
      CHECK(sent < 64 << 20);
      co_await pair.here.shutdown_write();
      NumberedReader reader;
      for (std::size_t size = 1; size != 0;) {
        const BufferLease lease = co_await pair.there.receive();
        size = lease.size();
        reader.add(lease.bytes());
      }
      CHECK(reader.size() == sent);
      CHECK(reader.good());
    });
  }
}

TEST_CASE("an end or a reset that came while nobody read is told once, behind what came before") {
  COIL_CONTRACT(reactor);
  for (const bool reset : {false, true}) {
    for (const std::string before : {"", "some words"}) {
      with_pair(*reactor, [&](Pair& pair) -> Task<void> {
        CAPTURE(reset);
        CAPTURE(before);
        co_await give_up_reading(pair.there);
        co_await pair.here.write_all(before);
        co_await some_turns(3);
        reset ? pair.here.abort() : pair.here.close();
        co_await some_turns(3);
        std::string got;
        while (got.size() < before.size()) {
          got += as_text((co_await pair.there.receive()).bytes());
        }
        CHECK(got == before);
        co_await readable(pair.there);
        std::array<std::byte, 8> buffer;
        if (reset && !wine_hides_resets(*reactor)) {
          CHECK_THROWS_AS(co_await pair.there.read_some(buffer), ConnectionLost);
        }
        CHECK(co_await pair.there.read_some(buffer) == 0);
        CHECK((co_await pair.there.receive()).empty());
      });
    }
  }
}

// Many more than a ring has buffers, and more bytes than all of those hold.
TEST_CASE("many peers that send at once are all heard, although every lease is kept for a while") {
  COIL_CONTRACT(reactor);
  constexpr std::size_t peers = 100;
  constexpr std::size_t message = 40'000;
  auto body = [&]() -> Task<void> {
    std::vector<BriefPair> pairs(peers);
    for (Pair& pair : pairs) co_await make_pair(*reactor, pair);
    for (int round = 0; round < 3; ++round) {
      std::vector<NumberedReader> got(peers);
      std::vector<BufferLease> held;
      auto read = [&](std::size_t number) -> Task<void> {
        while (got[number].size() < message) {
          held.push_back(co_await pairs[number].there.receive());
          REQUIRE_FALSE(held.back().empty());
          got[number].add(held.back().bytes());
        }
      };
      const std::uint64_t turns = reactor->counters().turns;
      auto all = [&](TaskGroup& group) -> Task<void> {
        for (std::size_t number = 0; number < peers; ++number) group.spawn(read, number);
        co_await some_turns(2);
        const std::vector<std::byte> bytes = numbered(0, message);
        for (Pair& pair : pairs) co_await pair.here.write_all(bytes);
      };
      co_await with_task_group(all);
      for (const NumberedReader& reader : got) CHECK(reader.good());
      // Virtual time passes in turns.
      if (reactor->name() != "simulated") CHECK(reactor->counters().turns - turns < 20 * peers);
    }
  };
  run(*reactor, body());
}

TEST_CASE("whoever waits for a stream to be readable is told, also while somebody reads from it") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    std::array<std::byte, 4> buffer;
    auto read = [&]() -> Task<void> { CHECK(co_await pair.there.read_some(buffer) == 4); };
    auto poll = [&]() -> Task<void> { co_await readable(pair.there); };
    auto write = [&]() -> Task<void> {
      co_await some_turns(2);
      co_await pair.here.write_all("more than four");
    };
    co_await when_all(read(), poll(), write());
    co_await when_all(poll(), read());
    std::string rest(6, '.');
    co_await read_exactly(pair.there, rest);
    CHECK(rest == "n four");
    // Nothing is there any more, and then the end.
    auto nothing = with_timeout(std::chrono::milliseconds(5), readable(pair.there));
    CHECK((co_await as_result(std::move(nothing))).error().code() == Errc::timed_out);
    auto close = [&]() -> Task<void> {
      co_await some_turns(2);
      pair.here.close();
    };
    co_await when_all(poll(), close());
    CHECK(co_await pair.there.read_some(buffer) == 0);
  });
}

TEST_CASE("a stream that is closed with bytes that nobody read is reset") {
  COIL_CONTRACT(reactor);
  enum class When { read_in_part, arrived, on_their_way };
  for (const When when : {When::read_in_part, When::arrived, When::on_their_way}) {
    // Simulated bytes need time, and find nobody who would answer them.
    if (when == When::on_their_way && reactor->name() == "simulated") continue;
    with_pair(*reactor, [&](Pair& pair) -> Task<void> {
      CAPTURE(static_cast<int>(when));
      std::array<std::byte, 8> buffer;
      if (when != When::read_in_part) co_await give_up_reading(pair.there);
      co_await pair.here.write_all("ten bytes.");
      if (when == When::read_in_part) {
        CHECK(co_await pair.there.read_some(MutableBytes(buffer).first(1)) == 1);
      } else if (when == When::arrived) {
        co_await readable(pair.there);
      }
      pair.there.close();
      if (!wine_hides_resets(*reactor)) {
        CHECK_THROWS_AS(co_await pair.here.read_some(buffer), ConnectionLost);
      }
    });
  }
}

TEST_CASE("a handle that is released comes with what was received ahead") {
  COIL_CONTRACT(reactor);
  for (const int turns : {0, 3}) {
    with_pair(*reactor, [&](Pair& pair) -> Task<void> {
      co_await give_up_reading(pair.there);
      co_await pair.here.write_all("the first words, ");
      co_await some_turns(turns);
      std::vector<std::byte> unread;
      const NativeHandle native = reactor->handles().release(pair.there.id(), unread);
      TcpStream again(*reactor, native);
      again.unread(unread);
      co_await pair.here.write_all("and the last");
      co_await pair.here.shutdown_write();
      CHECK(co_await read_to_end(again) == "the first words, and the last");
    });
  }
}

// Ends a connection without leaving a port in TIME_WAIT.
class Reset {
 public:
  explicit Reset(TcpStream& stream) : stream_(stream) {}
  Reset(const Reset&) = delete;
  Reset& operator=(const Reset&) = delete;
  ~Reset() { stream_.abort(); }

 private:
  TcpStream& stream_;
};

// Starts two tasks for each of many connections, which wait for what never comes.
void read_in_vain(Reactor& reactor, std::size_t connections) {
  std::vector<Pair> pairs(connections);
  auto connect = [&]() -> Task<void> {
    for (Pair& pair : pairs) co_await make_pair(reactor, pair);
  };
  run(reactor, connect());
  auto forever = [](TcpStream stream) -> Task<void> {
    const Reset at_end(stream);
    while (!(co_await stream.receive()).empty()) {
    }
  };
  for (Pair& pair : pairs) {
    detail::start_root<"reader">(reactor, forever(std::move(pair.there)));
    detail::start_root<"reader">(reactor, forever(std::move(pair.here)));
  }
  for (int turns = 0; turns < 3; ++turns) reactor.iterate();
  CHECK(reactor.counters().submitted - reactor.counters().completed == 2 * connections);
}

TEST_CASE("hundreds of streams that wait end with the stop of their reactor") {
  COIL_CONTRACT(reactor);
  read_in_vain(*reactor, 200);
  reactor->callLater(Duration::zero(), [&] { reactor->stop(); });
  reactor->run();
  CHECK(reactor->last_stop().forced() == 0);
  CHECK(reactor->last_stop().cancelled() == 400);
}

TEST_CASE("hundreds of streams that wait end with their reactor itself") {
  const std::ptrdiff_t descriptors = open_descriptors();
  const std::int64_t frames = detail::FramePool::live();
  try {
    const std::unique_ptr<Reactor> reactor = make_contract_reactor();
    read_in_vain(*reactor, 200);
  } catch (const ReactorUnavailable& error) {
    note_lack(test_reactor(), error.what());
  }
  CHECK(open_descriptors() == descriptors);
  CHECK(detail::FramePool::live() == frames);
}

}  // namespace
