// Covers: iocp_reactor.cpp, port.cpp, request.cpp, translate.cpp, attempt.cpp,
// socket_calls_windows.cpp: what the kernel may still write to, calls that end at once, and handles
// that the port cannot serve.
#include "reactors/iocp/iocp_reactor.h"

#include <coil/net.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "support/contract.h"
#include "support/foreign_pipe.h"
#include "support/foreign_socket.h"
#include "support/tcp_pair.h"

using namespace coil;
using namespace coil::testing;
using coil::testing::make_pair;

namespace {

constexpr int rounds = 1000;

using Poll = Await<PollOperation, void, detail::ToNothing>;

Poll readable(Reactor& reactor, HandleId id) {
  return Poll(detail::ToNothing(), reactor, id, Direction::read);
}

std::size_t requests_alive(Reactor& reactor) {
  return dynamic_cast<detail::IocpReactor&>(reactor).requests_alive();
}

// Turns until nothing is being closed any more.
Task<void> until_closed(Reactor& reactor) {
  while (reactor.handles().closing() != 0) co_await yield();
}

// One of every kind of request that waits.
class Pending {
 public:
  Pending(Reactor& reactor, Pair& streams)
      : pair(streams),
        listener(TcpListener::bind(reactor, Address::loopback(0))),
        socket(DatagramSocket::bind(reactor, Address::loopback(0))),
        reader(reactor, pipe.reading),
        writer(reactor, pipe.writing) {}

  void start(TaskGroup& group) {
    group.spawn([this]() -> Task<void> { co_await as_result(pair.here.read_some(bytes)); });
    group.spawn([this]() -> Task<void> { co_await as_result(pair.there.receive()); });
    group.spawn([this]() -> Task<void> { co_await as_result(listener.accept()); });
    group.spawn([this]() -> Task<void> { co_await as_result(socket.receive(datagram)); });
    group.spawn([this]() -> Task<void> { co_await as_result(reader.receive()); });
    // More than the peer's window and both buffers take.
    group.spawn([this]() -> Task<void> { co_await as_result(pair.here.write_all(much)); });
  }
  void close() {
    pair.here.abort();
    pair.there.abort();
    listener.close();
    socket.close();
    reader.close();
    writer.close();
  }

  ForeignPipe pipe;
  Pair& pair;
  TcpListener listener;
  DatagramSocket socket;
  PipeReader reader;
  PipeWriter writer;
  std::array<std::byte, 8> bytes;
  std::array<std::byte, 8> datagram;
  static inline const std::string much = std::string(std::size_t{8} << 20, 'x');
};

constexpr std::size_t requests_of_one = 6;

TEST_CASE("no request outlives its cancellation, in a thousand rounds") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Pair pair;
    co_await make_pair(*reactor, pair);
    Pending pending(*reactor, pair);
    for (int round = 0; round < rounds; ++round) {
      auto race = [&](TaskGroup& group) -> Task<void> {
        pending.start(group);
        for (int turn = 0; turn < round % 3; ++turn) co_await yield();
        group.cancel();
      };
      co_await with_task_group(race);
      REQUIRE(requests_alive(*reactor) == 0);
    }
    pending.close();
  };
  run(*reactor, body());
  CHECK(requests_alive(*reactor) == 0);
}

TEST_CASE("no request outlives the close of its handle, in a thousand rounds") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    for (int round = 0; round < rounds; ++round) {
      Pair pair;
      co_await make_pair(*reactor, pair);
      Pending pending(*reactor, pair);
      auto race = [&](TaskGroup& group) -> Task<void> {
        pending.start(group);
        co_await yield();
        CHECK(requests_alive(*reactor) >= requests_of_one - 1);
        pending.close();
      };
      co_await with_task_group(race);
      co_await until_closed(*reactor);
      REQUIRE(requests_alive(*reactor) == 0);
    }
  };
  run(*reactor, body());
  CHECK(reactor->handles().size() == 0);
}

TEST_CASE("a reactor that ends with requests in flight waits for the last of them") {
  for (int round = 0; round < 20; ++round) {
    COIL_CONTRACT(reactor);
    Pair pair;
    run(*reactor, make_pair(*reactor, pair));
    std::array<std::byte, 8> bytes;
    auto read = [&]() -> Task<void> { co_await as_result(pair.here.read_some(bytes)); };
    detail::start_root<"reader">(*reactor, read());
    reactor->iterate();
    CHECK(requests_alive(*reactor) == 1);
  }
}

TEST_CASE("what can be done at once is done without a turn, and the port tells nothing of it") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    co_await pair.here.write_all("twelve bytes");
    co_await readable(*reactor, pair.there.id());
    const std::uint64_t before = reactor->counters().turns;
    std::array<std::byte, 4> part;
    CHECK(co_await pair.there.read_some(part) == 4);
    CHECK((co_await pair.there.receive()).size() == 8);
    CHECK(reactor->counters().turns == before);
    CHECK(requests_alive(*reactor) == 0);
  });
}

TEST_CASE("a stream that another reactor has served goes on here, and back there again") {
  COIL_CONTRACT(first);
  const std::unique_ptr<Reactor> second = make_contract_reactor();
  std::vector<std::byte> unread;
  Pair pair;
  std::string got;
  auto talk = [&]() -> Task<void> {
    got = std::string(10, '.');
    auto read = [&]() -> Task<void> { co_await read_exactly(pair.there, got); };
    auto write = [&]() -> Task<void> {
      co_await yield();
      co_await pair.here.write_all("over there");
    };
    co_await when_all(read(), write());
  };
  run(*first, make_pair(*first, pair));
  run(*first, talk());
  CHECK(got == "over there");
  for (Reactor* next : {second.get(), &*first}) {
    pair.here = TcpStream(*next, pair.here.release(unread));
    pair.there = TcpStream(*next, pair.there.release(unread));
    REQUIRE(unread.empty());
    got.clear();
    run(*next, talk());
    CHECK(got == "over there");
  }
  pair = Pair();
  first->iterate();
}

TEST_CASE("nobody takes over an address that is served here") {
  COIL_CONTRACT(reactor);
  const TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
  SocketCalls& calls = reactor->sockets();
  const NativeHandle thief = *calls.open(SocketFamily::ipv4, SocketType::stream);
  BOOL shared = TRUE;
  REQUIRE(::setsockopt(detail::socket_of(thief), SOL_SOCKET, SO_REUSEADDR,
                       reinterpret_cast<const char*>(&shared), sizeof shared) == 0);
  const HandleSlot* slot = reactor->handles().find(listener.id());
  const Result<> bound = calls.bind(thief, *calls.local_address(slot->native()));
  CHECK_FALSE(static_cast<bool>(bound));
  calls.close(thief);
}

TEST_CASE("what is no socket cannot be polled, and the refusal says so") {
  COIL_CONTRACT(reactor);
  const HANDLE event = ::CreateEventW(nullptr, TRUE, FALSE, nullptr);
  const NativeHandle native(reinterpret_cast<std::intptr_t>(event));
  const HandleId id = reactor->handles().open(native, HandleKind::foreign);
  auto poll = [&]() -> Task<void> {
    const auto refused = co_await as_result(readable(*reactor, id));
    CHECK(refused.error().code() == Errc::not_supported);
  };
  run(*reactor, poll());
  reactor->handles().close(id);
  ::CloseHandle(event);
}

TEST_CASE("a pipe that was not opened for overlapped calls is served, however often it is left") {
  COIL_CONTRACT(reactor);
  HANDLE reading = nullptr;
  HANDLE writing = nullptr;
  REQUIRE(::CreatePipe(&reading, &writing, nullptr, 0) != 0);
  PipeReader reader(*reactor, NativeHandle(reinterpret_cast<std::intptr_t>(reading)));
  PipeWriter writer(*reactor, NativeHandle(reinterpret_cast<std::intptr_t>(writing)));
  auto use = [&]() -> Task<void> {
    std::array<std::byte, 4> bytes;
    auto read = [&]() -> Task<void> { co_await reader.read_some(bytes); };
    for (int round = 0; round < 100; ++round) {
      auto race = [&](TaskGroup& group) -> Task<void> {
        group.spawn(read);
        for (int turn = 0; turn < round % 3; ++turn) co_await yield();
        group.cancel();
      };
      co_await with_task_group(race);
      REQUIRE(requests_alive(*reactor) == 0);
    }
    co_await when_all(writer.write_all("text"), read());
    CHECK(as_text(bytes) == "text");
    writer.close();
    CHECK(co_await reader.read_some(bytes) == 0);
  };
  run(*reactor, use());
}

TEST_CASE("wake-ups of many threads end waits, and none is lost") {
  COIL_CONTRACT(reactor);
  constexpr int threads = 4;
  constexpr int calls = 250;
  int called = 0;
  std::vector<std::thread> callers;
  for (int thread = 0; thread < threads; ++thread) {
    callers.emplace_back([&] {
      for (int call = 0; call < calls; ++call) reactor->callFromThread([&] { ++called; });
    });
  }
  while (called < threads * calls) reactor->iterate(std::chrono::hours(1));
  for (std::thread& caller : callers) caller.join();
  CHECK(called == threads * calls);
}

}  // namespace
