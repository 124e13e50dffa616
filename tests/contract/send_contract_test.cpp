// Covers: tcp.h, operation.h, operations.h: writing all of something, and every way in which that
// ends before its end.
#include <string>
#include <vector>

#include "support/cancel_at_each_step.h"
#include "support/contract.h"
#include "support/numbered.h"
#include "support/tcp_pair.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

// More than the buffers of both ends hold together.
constexpr std::size_t large = 24'000'000;

// Waits until the far end has taken in all that it will of a write that is under way.
Task<void> until_stuck() {
  for (int turn = 0; turn < 30; ++turn) co_await sleep(Duration::zero());
}

Task<void> read_all(TcpStream& stream, NumberedReader& reader) {
  for (;;) {
    const BufferLease lease = co_await stream.receive();
    if (lease.empty()) co_return;
    reader.add(lease.bytes());
  }
}

TEST_CASE("all of a large write comes in order, although the reader is slow") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    const std::vector<std::byte> bytes = numbered(0, large);
    NumberedReader reader;
    bool written = false;
    auto write = [&]() -> Task<void> {
      co_await pair.here.write_all(bytes);
      written = true;
      co_await pair.here.shutdown_write();
    };
    auto read = [&]() -> Task<void> {
      std::vector<std::byte> buffer(100'000);
      for (std::size_t count = 1;; ++count) {
        if (count % 16 == 0) co_await sleep(Duration::zero());
        const std::size_t size = co_await pair.there.read_some(buffer);
        if (size == 0) co_return;
        if (reader.size() == 0) CHECK_FALSE(written);
        reader.add(ConstBytes(buffer).first(size));
      }
    };
    co_await when_all(write(), read());
    CHECK(reader.size() == large);
    CHECK(reader.good());
  });
}

TEST_CASE("a write of everything that is cancelled in the middle throws, and ends as it stands") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    const std::vector<std::byte> bytes = numbered(0, large);
    bool cancelled = false;
    auto write = [&]() -> Task<void> {
      try {
        co_await pair.here.write_all(bytes);
      } catch (const Cancelled&) {
        cancelled = true;
        throw;
      }
    };
    auto body = [&](TaskGroup& group) -> Task<void> {
      group.spawn(write);
      co_await until_stuck();
      group.cancel();
    };
    co_await with_task_group(body);
    CHECK(cancelled);
    CHECK(reactor->counters().submitted == reactor->counters().completed);
    // What went out is a beginning of it, and nothing more follows.
    NumberedReader reader;
    auto end = [&]() -> Task<void> { co_await pair.here.shutdown_write(); };
    co_await when_all(end(), read_all(pair.there, reader));
    CHECK(reader.size() > 0);
    CHECK(reader.size() < large);
    CHECK(reader.good());
  });
}

TEST_CASE("a write of everything that is cancelled at any step does not go on to its end") {
  COIL_CONTRACT(reactor);
  const std::vector<std::byte> bytes = numbered(0, 1'000'000);
  auto scenario = [&](CancelPoint& point) -> Task<void> {
    BriefPair pair;
    co_await shielded(make_pair(*reactor, pair));
    pair.here.set(SendBuffer(32 * 1024));
    pair.there.set(ReceiveBuffer(32 * 1024));
    NumberedReader reader;
    auto write = [&]() -> Task<void> {
      point.here();
      co_await pair.here.write_all(bytes);
    };
    auto read = [&]() -> Task<void> {
      std::vector<std::byte> buffer(100'000);
      while (reader.size() < bytes.size()) {
        point.here();
        reader.add(ConstBytes(buffer).first(co_await pair.there.read_some(buffer)));
      }
    };
    co_await when_all(write(), read());
    CHECK(reader.good());
  };
  cancel_at_each_step(*reactor, scenario);
}

TEST_CASE("a write of everything ends with its handle, and with its peer") {
  COIL_CONTRACT(reactor);
  enum class Who { closes, aborts, peer_aborts, peer_closes };
  for (const Who who : {Who::closes, Who::aborts, Who::peer_aborts, Who::peer_closes}) {
    with_pair(*reactor, [&](Pair& pair) -> Task<void> {
      CAPTURE(static_cast<int>(who));
      const std::vector<std::byte> bytes = numbered(0, large);
      auto write = [&]() -> Task<void> {
        const auto ended = co_await as_result(pair.here.write_all(bytes));
        REQUIRE_FALSE(ended);
        if (who == Who::closes || who == Who::aborts) {
          CHECK(ended.error().code() == Errc::handle_closed);
        } else {
          CHECK(ended.error().failure().check<ConnectionLost>());
        }
      };
      auto end = [&]() -> Task<void> {
        co_await until_stuck();
        if (who == Who::closes) pair.here.close();
        if (who == Who::aborts) pair.here.abort();
        if (who == Who::peer_aborts) pair.there.abort();
        if (who == Who::peer_closes) pair.there.close();  // With unread bytes: a reset.
      };
      co_await when_all(write(), end());
    });
  }
}

TEST_CASE("writing all of nothing is done at once, but not on a closed stream or when cancelled") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    const std::uint64_t before = reactor->counters().resumptions;
    co_await pair.here.write_all("");
    co_await pair.here.write_all(ConstBytes());
    CHECK(reactor->counters().resumptions == before);
    bool cancelled = false;
    auto body = [&](TaskGroup& group) -> Task<void> {
      group.cancel();
      try {
        co_await pair.here.write_all("");
      } catch (const Cancelled&) {
        cancelled = true;
      }
    };
    co_await with_task_group(body);
    CHECK(cancelled);
    pair.here.close();
    CHECK_THROWS_AS(co_await pair.here.write_all(""), HandleClosed);
    CHECK_THROWS_AS(co_await pair.here.write_all("text"), HandleClosed);
  });
}

Task<Result<int>> writes_or_returns(TcpStream& stream, ConstBytes bytes) {
  co_await or_return(stream.write_all(bytes));
  co_return 7;
}

TEST_CASE("a write of everything is composed like everything else that is awaited") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    const std::vector<std::byte> bytes = numbered(0, large);
    CHECK(co_await as_result(pair.here.write_all("a")));
    CHECK(*co_await writes_or_returns(pair.here, "b") == 7);
    co_await with_timeout(std::chrono::hours(1), pair.here.write_all("c"));
    auto both = co_await when_any(pair.here.write_all("d"), sleep(std::chrono::hours(1)));
    CHECK(both.first() == 0);
    CHECK(both.outcome<0>().has_value());
    auto in_vain = with_timeout(milliseconds(5), pair.here.write_all(bytes));
    CHECK((co_await as_result(std::move(in_vain))).error().code() == Errc::timed_out);
    std::string begin(4, '.');
    co_await read_exactly(pair.there, begin);
    CHECK(begin == "abcd");
    auto race = co_await when_any(pair.here.write_all(bytes), sleep(milliseconds(5)));
    CHECK(race.first() == 1);
    CHECK(race.outcome<0>().cancelled());
    CHECK(reactor->counters().submitted == reactor->counters().completed);
    pair.there.abort();
    co_await until_stuck();
    auto lost = co_await writes_or_returns(pair.here, bytes);
    REQUIRE_FALSE(lost);
    CHECK(lost.error().failure().check<ConnectionLost>());
  });
}

TEST_CASE("many writes of everything go on side by side, each with its own bytes") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    constexpr std::size_t size = 1'500'000;
    std::vector<BriefPair> pairs(20);
    std::vector<NumberedReader> readers(pairs.size());
    for (Pair& pair : pairs) co_await make_pair(*reactor, pair);
    const std::vector<std::byte> bytes = numbered(0, size);
    auto write = [&](std::size_t number) -> Task<void> {
      co_await pairs[number].here.write_all(ConstBytes(bytes).first(size - number));
      co_await pairs[number].here.shutdown_write();
    };
    auto read = [&](std::size_t number) -> Task<void> {
      co_await read_all(pairs[number].there, readers[number]);
    };
    auto all = [&](TaskGroup& group) -> Task<void> {
      for (std::size_t number = 0; number < pairs.size(); ++number) {
        group.spawn(write, number);
        group.spawn(read, number);
      }
      co_return;
    };
    co_await with_task_group(all);
    for (std::size_t number = 0; number < pairs.size(); ++number) {
      CHECK(readers[number].size() == size - number);
      CHECK(readers[number].good());
    }
  };
  run(*reactor, body());
}

}  // namespace
