// Covers: cancellation at every step of the main scenarios, on every reactor.
#include <coil/net.h>

#include <array>
#include <string>
#include <vector>

#include "support/cancel_at_each_step.h"
#include "support/contract.h"
#include "support/tcp_pair.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

Task<void> echo(TcpStream& stream, CancelPoint& point) {
  for (;;) {
    point.here();
    const BufferLease data = co_await stream.receive();
    if (data.empty()) co_return;
    point.here();
    co_await write_all(stream, data.bytes());
  }
}

TEST_CASE("an echo that is cancelled anywhere leaves nothing, and what came back was right") {
  COIL_CONTRACT(reactor);
  const std::string text = "0123456789";
  auto client = [&](TcpStream& stream, CancelPoint& point) -> Task<void> {
    for (int round = 0; round < 3; ++round) {
      point.here();
      co_await write_all(stream, text);
      std::string back(text.size(), '.');
      point.here();
      co_await read_exactly(stream, back);
      CHECK(back == text);
    }
    point.here();
    co_await stream.shutdown_write();
  };
  auto scenario = [&](CancelPoint& point) -> Task<void> {
    Pair pair;
    co_await make_pair(*reactor, pair);
    co_await when_all(echo(pair.there, point), client(pair.here, point));
  };
  cancel_at_each_step(*reactor, scenario);
}

TEST_CASE("a connect and an accept that are cancelled anywhere leave no half of a connection") {
  COIL_CONTRACT(reactor);
  auto scenario = [&](CancelPoint& point) -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto accept = [&]() -> Task<void> {
      for (int count = 0; count < 2; ++count) {
        point.here();
        const TcpStream stream = co_await listener.accept();
        CHECK(stream.is_open());
      }
    };
    auto connect = [&]() -> Task<void> {
      for (int count = 0; count < 2; ++count) {
        point.here();
        const TcpStream stream = co_await TcpStream::connect(*reactor, listener.local_address());
        CHECK(stream.is_open());
      }
    };
    co_await when_all(accept(), connect());
  };
  cancel_at_each_step(*reactor, scenario);
}

TEST_CASE("an operation that was cancelled is no result, whether it waited or not") {
  COIL_CONTRACT(reactor);
  int told = 0;
  TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
  auto accepts = [&]() -> Task<void> {
    for (int time = 0; time < 2; ++time) {
      try {
        const Result<TcpStream> never = co_await as_result(listener.accept());
        CHECK_FALSE(never.has_value());
      } catch (const Cancelled&) {
        ++told;
      }
    }
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(accepts);
    co_await sleep(Duration::zero());
    group.cancel();
  };
  run(*reactor, with_task_group(body));
  CHECK(told == 2);
}

TEST_CASE("a served connection that is cancelled anywhere ends with its server") {
  COIL_CONTRACT(reactor);
  auto scenario = [&](CancelPoint& point) -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto handler = [&](TcpStream stream) -> Task<void> { co_await echo(stream, point); };
    auto client = [&]() -> Task<void> {
      TcpStream stream = co_await TcpStream::connect(*reactor, listener.local_address());
      point.here();
      co_await write_all(stream, "x");
      point.here();
      const BufferLease back = co_await stream.receive();
      CHECK((back.size() == 1 || point.struck()));  // The handler may have ended first.
      listener.close();
    };
    co_await when_all(serve(listener, handler), client());
  };
  cancel_at_each_step(*reactor, scenario);
}

TEST_CASE("datagrams that are cancelled anywhere come whole or not at all") {
  COIL_CONTRACT(reactor);
  auto scenario = [&](CancelPoint& point) -> Task<void> {
    DatagramSocket server = DatagramSocket::bind(*reactor, Address::loopback(0));
    DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
    auto answer = [&]() -> Task<void> {
      std::array<std::byte, 100> buffer;
      point.here();
      const Datagram asked = co_await server.receive(buffer);
      CHECK(as_text(ConstBytes(buffer).first(asked.size())) == "ping");
      point.here();
      co_await server.send("pong", asked.sender());
    };
    auto ask = [&]() -> Task<void> {
      std::array<std::byte, 100> buffer;
      point.here();
      co_await client.send("ping", server.local_address());
      point.here();
      const Datagram answered = co_await client.receive(buffer);
      CHECK(as_text(ConstBytes(buffer).first(answered.size())) == "pong");
    };
    co_await when_all(answer(), ask());
  };
  cancel_at_each_step(*reactor, scenario);
}

TEST_CASE("timeouts, races and groups that are cancelled anywhere end all their children") {
  COIL_CONTRACT(reactor);
  int alive = 0;
  auto child = [&](Duration after, CancelPoint& point) -> Task<void> {
    const absl::Cleanup count = [&alive] { --alive; };
    ++alive;
    point.here();
    co_await sleep(after);
    point.here();
    co_await yield();
  };
  auto scenario = [&](CancelPoint& point) -> Task<void> {
    auto body = [&](TaskGroup& group) -> Task<void> {
      group.spawn(child, milliseconds(1), outlives_group(point));
      group.spawn(child, Duration::zero(), outlives_group(point));
      point.here();
      co_await with_timeout(hours(1), child(Duration::zero(), point));
    };
    auto late = with_timeout(milliseconds(1), child(hours(1), point));
    const auto race = co_await when_any(with_task_group(body), child(hours(1), point));
    CHECK(race.first() == 0);
    const Result<> timed_out = co_await as_result(std::move(late));
    CHECK(timed_out.error().code() == Errc::timed_out);
  };
  cancel_at_each_step(*reactor, scenario);
  CHECK(alive == 0);
}

TEST_CASE("a queue that is cancelled anywhere neither loses nor doubles a value") {
  COIL_CONTRACT(reactor);
  auto scenario = [&](CancelPoint& point) -> Task<void> {
    Queue<int> queue(2);
    int pushed = 0;
    std::vector<int> popped;
    auto produce = [&]() -> Task<void> {
      for (int value = 0; value < 6; ++value) {
        point.here();
        co_await queue.push(value);
        ++pushed;
      }
    };
    auto consume = [&]() -> Task<void> {
      for (int count = 0; count < 6; ++count) {
        point.here();
        const std::optional<int> value = co_await queue.pop();
        popped.push_back(value.value_or(-1));
      }
    };
    const absl::Cleanup account = [&] {
      CHECK(static_cast<std::size_t>(pushed) == popped.size() + queue.size());
      for (std::size_t at = 0; at < popped.size(); ++at) CHECK(popped[at] == static_cast<int>(at));
    };
    co_await when_all(produce(), consume());
  };
  cancel_at_each_step(*reactor, scenario);
}

TEST_CASE("a mutex and a semaphore that are cancelled anywhere are free afterwards") {
  COIL_CONTRACT(reactor);
  auto scenario = [&](CancelPoint& point) -> Task<void> {
    Mutex mutex;
    Semaphore permits(1);
    int inside = 0;
    auto work = [&]() -> Task<void> {
      point.here();
      const Mutex::Lock lock = co_await mutex.lock();
      CHECK(++inside == 1);
      const absl::Cleanup leave = [&inside] { --inside; };
      point.here();
      co_await yield();
    };
    auto permit = [&]() -> Task<void> {
      point.here();
      co_await permits.acquire();
      const absl::Cleanup give_back = [&permits] { permits.release(); };
      point.here();
      co_await yield();
    };
    const absl::Cleanup account = [&] {
      CHECK(!mutex.locked());
      CHECK(permits.available() == 1);
    };
    co_await when_all(work(), work(), work(), permit(), permit());
  };
  cancel_at_each_step(*reactor, scenario);
}

TEST_CASE("what is shielded runs to its end, wherever it is cancelled") {
  COIL_CONTRACT(reactor);
  int begun = 0;
  int ended = 0;
  auto clean_up = [&](CancelPoint& point) -> Task<void> {
    ++begun;
    point.here();
    co_await yield();
    point.here();
    co_await sleep(milliseconds(1));
    ++ended;
  };
  auto scenario = [&](CancelPoint& point) -> Task<void> {
    point.here();
    co_await yield();
    co_await shielded(clean_up(point));
    point.here();
    co_await yield();
  };
  cancel_at_each_step(*reactor, scenario);
  CHECK(begun > 0);
  CHECK(ended == begun);
}

TEST_CASE("a Deferred and a coroutine that await each other end together when cancelled") {
  COIL_CONTRACT(reactor);
  auto inner = [&](CancelPoint& point) -> Task<int> {
    point.here();
    co_await sleep(milliseconds(1));
    co_return 5;
  };
  auto scenario = [&](CancelPoint& point) -> Task<void> {
    auto deferred = Deferred<int>::fromCoroutine(*reactor, inner(point));
    point.here();
    const int five = co_await std::move(deferred);
    CHECK(five == 5);
  };
  cancel_at_each_step(*reactor, scenario);
}

}  // namespace
