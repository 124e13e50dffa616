// Covers: tcp.h, serve.h and the reactors of real kernels: streams and listeners that are shared
// with somebody outside of the reactor.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/contract.h"
#include "support/numbered.h"
#include "support/probe.h"
#include "support/tcp_pair.h"
#include "watched.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

Task<void> some_turns(int count) {
  for (int turn = 0; turn < count; ++turn) co_await sleep(Duration::zero());
}

int native(Reactor& reactor, HandleId id) {
  return reactor.handles().find(id)->native().descriptor();
}

// The same listener as another process would have it, which accepts without waiting.
class SecondListener {
 public:
  SecondListener(Reactor& reactor, const TcpListener& listener)
      : descriptor_(::dup(native(reactor, listener.id()))) {
    REQUIRE(descriptor_ >= 0);
  }
  SecondListener(const SecondListener&) = delete;
  SecondListener& operator=(const SecondListener&) = delete;
  ~SecondListener() { ::close(descriptor_); }

  // How many connections are in the backlog; they are closed.
  int drain() const {
    REQUIRE(::fcntl(descriptor_, F_SETFL, O_NONBLOCK) == 0);
    for (int count = 0;; ++count) {
      const int connection = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return count;
      ::close(connection);
    }
  }

 private:
  int descriptor_;
};

TEST_CASE("a task that writes all of something is resumed once, however many steps that takes") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    const std::vector<std::byte> bytes = numbered(0, 24'000'000);
    std::vector<std::byte> unread;
    const int far = reactor->handles().release(pair.there.id(), unread).descriptor();
    REQUIRE(::fcntl(far, F_SETFL, 0) == 0);  // It waits, in a thread of its own.
    NumberedReader reader;
    std::thread thread([&] {
      std::vector<std::byte> buffer(300'000);
      while (reader.size() < bytes.size()) {
        const ssize_t size = ::recv(far, buffer.data(), buffer.size(), 0);
        if (size <= 0) return;
        reader.add(ConstBytes(buffer).first(static_cast<std::size_t>(size)));
      }
    });
    const ReactorCounters before = reactor->counters();
    co_await pair.here.write_all(bytes);
    CHECK(reactor->counters().resumptions - before.resumptions <= 1);
    CHECK(reactor->counters().submitted - before.submitted == 1);
    CHECK(reactor->counters().submitted == reactor->counters().completed);
    thread.join();
    ::close(far);
    CHECK(reader.size() == bytes.size());
    CHECK(reader.good());
  });
}

TEST_CASE("a connection that does not block, or does, is adopted and serves in every way") {
  COIL_CONTRACT(reactor);
  for (const int flags : {O_NONBLOCK, 0}) {
    with_pair(*reactor, [&](Pair& pair) -> Task<void> {
      std::vector<std::byte> unread;
      const NativeHandle socket = reactor->handles().release(pair.there.id(), unread);
      REQUIRE(::fcntl(socket.descriptor(), F_SETFL, flags) == 0);
      TcpStream adopted(*reactor, socket);
      for (const std::size_t size : {std::size_t{5}, std::size_t{20'000'000}}) {
        const std::vector<std::byte> bytes = numbered(0, size);
        auto echo = [&]() -> Task<void> {
          std::vector<std::byte> got(size);
          co_await read_exactly(adopted, got);
          co_await adopted.write_all(got);
        };
        auto ask = [&]() -> Task<void> {
          co_await some_turns(2);
          co_await pair.here.write_all(bytes);
          std::vector<std::byte> got(size);
          co_await read_exactly(pair.here, got);
          CHECK(got == bytes);
        };
        co_await when_all(echo(), ask());
      }
      auto nothing = with_timeout(milliseconds(2), adopted.receive());
      CHECK((co_await as_result(std::move(nothing))).error().code() == Errc::timed_out);
      pair.here.close();
      CHECK((co_await adopted.receive()).empty());
    });
  }
}

TEST_CASE("an accept of one connection leaves the next ones to whoever else accepts") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener busy = TcpListener::bind(*reactor, Address::loopback(0));
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    const SecondListener second(*reactor, listener);
    // Another listener of the reactor has accepted ahead.
    std::vector<TcpStream> clients;
    auto connect = [&](TcpListener& to) -> Task<void> {
      clients.push_back(co_await TcpStream::connect(*reactor, to.local_address()));
    };
    auto accept_busy = [&]() -> Task<void> { co_await busy.accept(Accepting::all); };
    co_await when_all(accept_busy(), connect(busy), connect(busy), connect(busy));
    co_await some_turns(3);
    for (int round = 0; round < 3; ++round) {
      auto accept = [&]() -> Task<void> { co_await listener.accept(); };
      co_await when_all(accept(), connect(listener));
      co_await when_all(connect(listener), connect(listener));
      co_await some_turns(3);
      CHECK(second.drain() == 2);
    }
  };
  run(*reactor, body());
}

TEST_CASE("a server at its limit leaves further connections in the backlog") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    const SecondListener second(*reactor, listener);
    std::size_t open = 0;
    auto handler = [&open](TcpStream stream) -> Task<void> {
      ++open;
      co_await stream.receive();
    };
    auto all = [&](TaskGroup& group) -> Task<void> {
      auto server = [&]() -> Task<void> {
        co_await serve(listener, handler, ServeOptions().set_connections_max(2));
      };
      group.spawn(server);
      std::vector<TcpStream> clients;
      for (int count = 0; count < 5; ++count) {
        clients.push_back(co_await TcpStream::connect(*reactor, listener.local_address()));
      }
      co_await some_turns(5);
      CHECK(open == 2);
      CHECK(second.drain() == 3);
      group.cancel();
    };
    co_await with_task_group(all);
  };
  run(*reactor, body());
}

TEST_CASE("accepting ahead without descriptors waits without spinning, and goes on afterwards") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    std::vector<TcpStream> clients;
    for (int count = 0; count < 6; ++count) {
      clients.push_back(co_await TcpStream::connect(*reactor, listener.local_address()));
    }
    // Once with descriptors: the first time it sees a type, a sanitizer opens some.
    std::vector<TcpStream> accepted;
    accepted.push_back(co_await listener.accept(Accepting::all));
    auto accept = [&](std::size_t count) -> Task<void> {
      while (count-- != 0) accepted.push_back(co_await listener.accept(Accepting::all));
    };
    auto unasked = with_timeout(milliseconds(1), sleep(milliseconds(2)));
    CHECK_FALSE(co_await as_result(std::move(unasked)));
    std::optional<NoDescriptors> none(std::in_place);
    // Two wait, what came ahead is theirs, and then nothing can be had.
    auto in_vain = [&](TaskGroup& group) -> Task<void> {
      group.spawn(accept, 20);
      group.spawn(accept, 20);
      co_await some_turns(3);
      const std::uint64_t turns = reactor->counters().turns;
      co_await sleep(milliseconds(30));
      CHECK(reactor->counters().turns - turns < 30);
      group.cancel();
    };
    co_await with_task_group(in_vain);
    CHECK(accepted.size() <= clients.size());
    const std::size_t missing = clients.size() - accepted.size();
    auto release = [&]() -> Task<void> {
      co_await some_turns(2);
      none.reset();
      // One that closes here is the signal to try again.
      TcpListener::bind(*reactor, Address::loopback(0)).close();
    };
    co_await when_all(accept(missing), release());
    CHECK(accepted.size() == 6);
    for (TcpStream& stream : accepted) co_await write_all(stream, "!");
    for (TcpStream& client : clients) CHECK((co_await client.receive()).size() == 1);
  };
  run(*reactor, body());
}

// Nothing else is in flight on the connection, whose protocol does not read.
TEST_CASE("what a protocol wrote before an abort goes to nobody who has the number next") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  Event wrote;
  factory->prepare = [&](Probe& probe) {
    probe.on_made = [&](Transport& line) {
      line.write("for the peer only");
      line.pauseProducing();
      wrote.set();
    };
  };
  with_port(*reactor, factory, [&](TcpStream&) -> Task<void> {
    co_await wrote.wait();
    factory->probes[0]->line().abortConnection();
    const SocketPair next;
    co_await some_turns(3);
    std::array<char, 64> buffer;
    for (const Descriptor* each : {&next.here, &next.there}) {
      CHECK(::recv(each->number(), buffer.data(), buffer.size(), MSG_DONTWAIT) == -1);
    }
  });
}

// The task ends in the turn in which the protocol answers.
TEST_CASE("what was written before run() returned has been sent") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  Event answered;
  factory->prepare = [&](Probe& probe) {
    probe.on_data = [&](Transport& line) {
      line.write("answer");
      answered.set();
    };
  };
  ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
  std::optional<TcpStream> client;
  auto ask = [&]() -> Task<void> {
    client = co_await TcpStream::connect(*reactor, port.getHost());
    co_await write_all(*client, "?");
    co_await answered.wait();
  };
  run(*reactor, ask());
  std::array<char, 64> buffer;
  const int descriptor = native(*reactor, client->id());
  const ssize_t size = ::recv(descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
  CHECK(size == 6);
  auto end = [&]() -> Task<void> {
    client->abort();
    co_await port.stopListening();
    while (port.connections() != 0) co_await yield();
  };
  run(*reactor, end());
}

}  // namespace
