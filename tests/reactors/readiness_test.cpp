// Covers: readiness_reactor.h, attempt.h, poller.h, waker.h: what no reactor may lose or repeat.
#include "support/tcp_pair.h"
#include "watched.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <csignal>

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

// Few turns: a loop that spins makes thousands in the same time.
constexpr std::uint64_t quiet_turns_max = 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

Descriptor tcp_socket() { return Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

void connect_to(const Descriptor& socket, const Address& server) {
  const sockaddr_in address = loopback(server.port());
  REQUIRE(::connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
          0);
}

TEST_CASE("a waiting accept that finds no descriptor neither spins nor is served twice") {
  COIL_CONTRACT(reactor);
  TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
  const Address server = listener.local_address();
  std::array<Descriptor, 3> clients{tcp_socket(), tcp_socket(), tcp_socket()};
  std::vector<TcpStream> accepted;
  auto accept_one = [&]() -> Task<void> { accepted.push_back(co_await listener.accept()); };
  {
    NoDescriptors full;  // An accept that waits in the kernel keeps to the limit that it found.
    detail::start_root<"acceptor">(*reactor, accept_one());
    reactor->iterate();
    connect_to(clients[0], server);
    CHECK(turns_in(*reactor, milliseconds(20)) < quiet_turns_max);
    CHECK(accepted.empty());
    // A new event for an accept that waits for a descriptor must not end it behind the retry.
    full.free_one();
    connect_to(clients[1], server);
    turn_until(*reactor, [&] { return accepted.size() == 1; });
  }
  // No retry that is still due takes a connection for the accept that has ended.
  connect_to(clients[2], server);
  turns_in(*reactor, milliseconds(150));
  CHECK(accepted.size() == 1);
  detail::start_root<"acceptor">(*reactor, accept_one());
  detail::start_root<"acceptor">(*reactor, accept_one());
  turn_until(*reactor, [&] { return accepted.size() == clients.size(); });
}

TEST_CASE("what came for many is received right before each one's task runs") {
  COIL_CONTRACT(reactor);
  constexpr std::size_t pairs_total = 40;
  std::vector<Pair> pairs(pairs_total);
  std::size_t held_max = 0;
  auto receive_one = [&](TcpStream& stream) -> Task<void> {
    const BufferLease lease = co_await stream.receive();
    held_max = std::max(held_max, reactor->buffers().held());
  };
  auto all = [&]() -> Task<void> {
    for (Pair& pair : pairs) co_await make_pair(*reactor, pair);
    auto body = [&](TaskGroup& group) -> Task<void> {
      for (Pair& pair : pairs) group.spawn(receive_one, outlives_group(pair.here));
      co_await sleep(Duration::zero());  // By now they all wait.
      for (Pair& pair : pairs) co_await pair.there.write_some("x");
    };
    co_await with_task_group(body);
  };
  run(*reactor, all());
  CHECK(held_max == 1);
}

TEST_CASE("accepts that wait together each get one connection") {
  COIL_CONTRACT(reactor);
  TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
  std::vector<TcpStream> accepted;
  auto accept_one = [&]() -> Task<void> { accepted.push_back(co_await listener.accept()); };
  constexpr std::size_t count = 5;
  for (std::size_t started = 0; started < count; ++started) {
    detail::start_root<"acceptor">(*reactor, accept_one());
  }
  reactor->iterate();
  std::vector<Descriptor> clients;
  for (std::size_t made = 0; made < count; ++made) {
    clients.push_back(tcp_socket());
    connect_to(clients.back(), listener.local_address());
  }
  turn_until(*reactor, [&] { return accepted.size() == count; });
}

TEST_CASE("an error that a datagram socket keeps in its queue does not make the loop spin") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket gone = DatagramSocket::bind(*reactor, Address::loopback(0));
    const Address nobody = gone.local_address();
    gone.close();
    DatagramSocket socket = DatagramSocket::bind(*reactor, Address::loopback(0));
    const NativeHandle native = reactor->handles().find(socket.id())->native();
    REQUIRE(reactor->sockets().set_option(native, SocketOption::receive_errors, 1).has_value());
    std::array<std::byte, 16> buffer;
    co_await socket.send(as_bytes("lost"), nobody);
    const auto refused = co_await as_result(socket.receive(buffer));
    CHECK(refused.error().code() == std::errc::connection_refused);
    const std::uint64_t turns = reactor->counters().turns;
    auto silence = with_timeout(milliseconds(20), socket.receive(buffer));
    const auto nothing = co_await as_result(std::move(silence));
    CHECK(nothing.error().code() == Errc::timed_out);
    CHECK(reactor->counters().turns - turns < quiet_turns_max);
    co_await socket.send(as_bytes("self"), socket.local_address());
    const Datagram heard = co_await socket.receive(buffer);
    CHECK(as_text(ConstBytes(buffer).first(heard.size())) == "self");
  };
  run(*reactor, body());
}

TEST_CASE("bytes that nobody reads do not turn the loop, and are there later") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  TcpStream stream(*reactor, pair.here.release());
  std::string text(4, ' ');
  auto read_two = [&](std::size_t at) -> Task<void> {
    const MutableBytes into(std::as_writable_bytes(std::span(text)).subspan(at, 2));
    CHECK(co_await stream.read_some(into) == 2);
  };
  auto first = read_two(0);
  pair.there.put('a');
  pair.there.put('b');
  run(*reactor, std::move(first));
  pair.there.put('c');
  pair.there.put('d');
  CHECK(turns_in(*reactor, milliseconds(20)) < quiet_turns_max);
  run(*reactor, read_two(2));
  CHECK(text == "abcd");
}

TEST_CASE("the end is found behind a short read, whether it comes with the bytes or after them") {
  COIL_CONTRACT(reactor);
  for (const bool waits_first : {false, true}) {
    for (const bool end_comes_along : {false, true}) {
      CAPTURE(waits_first);
      CAPTURE(end_comes_along);
      SocketPair pair;
      TcpStream stream(*reactor, pair.here.release());
      std::size_t bytes = 0;
      bool ended = false;
      auto read_all = [&]() -> Task<void> {
        std::array<std::byte, 64> buffer;
        while (const std::size_t size = co_await stream.read_some(buffer)) bytes += size;
        ended = true;
      };
      auto reading = read_all();
      if (waits_first) {
        detail::start_root<"reader">(*reactor, std::move(reading));
        reactor->iterate();
      }
      pair.there.put('x');
      if (end_comes_along) pair.there.close();
      if (!waits_first) detail::start_root<"reader">(*reactor, std::move(reading));
      turn_until(*reactor, [&] { return bytes == 1; });
      pair.there.close();
      turn_until(*reactor, [&] { return ended; });
      CHECK(bytes == 1);
    }
  }
}

TEST_CASE("a descriptor that is always ready is served once a turn") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  auto writer = std::make_shared<Watched>(pair.here.native(), [] {});
  reactor->addWriter(writer);
  turn_until(*reactor, [&] { return writer->calls != 0; });
  const std::uint64_t calls = writer->calls;
  const std::uint64_t turns = reactor->counters().turns;
  for (int round = 0; round < 10; ++round) reactor->iterate();
  CHECK(writer->calls > calls);
  CHECK(writer->calls - calls <= reactor->counters().turns - turns);
  reactor->removeWriter(*writer);
  CHECK(turns_in(*reactor, milliseconds(20)) < quiet_turns_max);
}

TEST_CASE("a regular file is ready in every turn until it is removed") {
  COIL_CONTRACT(reactor);
  Descriptor file(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.number() < 0) file = Descriptor(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  REQUIRE(file.number() >= 0);
  auto reader = std::make_shared<Watched>(file.native(), [] {});
  reactor->addReader(reader);
  for (int round = 0; round < 20; ++round) reactor->iterate();
  CHECK(reader->calls >= 5);
  CHECK(reader->calls <= 21);
  SocketPair pair;
  bool heard = false;
  auto other = std::make_shared<Watched>(pair.here.native(), [&] { heard = true; });
  reactor->addReader(other);
  pair.there.put('x');
  turn_until(*reactor, [&] { return heard; });
  reactor->removeReader(*reader);
  reactor->removeReader(*other);
  const std::uint64_t calls = reader->calls;
  CHECK(turns_in(*reactor, milliseconds(20)) < quiet_turns_max);
  CHECK(reader->calls == calls);
}

TEST_CASE("both sides of a foreign descriptor are watched at once, and each ends by itself") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  std::string heard;
  auto reader = std::make_shared<Watched>(pair.here.native(), [&] {
    char byte = 0;
    if (::read(pair.here.number(), &byte, 1) == 1) heard += byte;
  });
  auto writer = std::make_shared<Watched>(pair.here.native(), [] {});
  reactor->addReader(reader);
  reactor->addWriter(writer);
  turn_until(*reactor, [&] { return writer->calls != 0; });
  pair.there.put('a');
  turn_until(*reactor, [&] { return heard == "a"; });
  reactor->removeWriter(*writer);
  CHECK(turns_in(*reactor, milliseconds(20)) < quiet_turns_max);
  pair.there.put('b');
  pair.there.put('c');
  turn_until(*reactor, [&] { return heard == "abc"; });
  reactor->removeReader(*reader);
  reactor->iterate();
}

TEST_CASE("a forgotten foreign descriptor takes no events from the next owner of its number") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  const int number = pair.here.number();
  auto reader = std::make_shared<Watched>(pair.here.native(), [] {});
  reactor->addReader(reader);
  reactor->iterate();
  pair.here.close();
  Descriptor own;
  Descriptor peer;
  {
    // The program closed its descriptor too early, and the next socket has its number.
    SocketPair next;
    if (next.there.number() == number) std::swap(next.here, next.there);
    REQUIRE(next.here.number() == number);
    own = std::move(next.here);
    peer = std::move(next.there);
  }
  TcpStream stream(*reactor, own.release());
  std::size_t size = 0;
  auto read = [&]() -> Task<void> {
    std::array<std::byte, 8> buffer;
    size = co_await stream.read_some(buffer);
  };
  detail::start_root<"reader">(*reactor, read());
  reactor->iterate();
  reactor->removeReader(*reader);
  reactor->iterate();
  peer.put('x');
  turn_until(*reactor, [&] { return size == 1; });
  CHECK(reader->calls == 0);
}

TEST_CASE("a full pipe whose reader leaves wakes its writer") {
  COIL_CONTRACT(reactor);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{-1, -1};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  Descriptor reading(ends[0]);
  const Descriptor writing(ends[1]);
  const std::string block(4096, 'x');
  auto fill = [&] { return ::write(writing.number(), block.data(), block.size()); };
  while (fill() > 0) {
  }
  bool broken = false;
  auto writer =
      std::make_shared<Watched>(writing.native(), [&] { broken = fill() < 0 && errno == EPIPE; });
  reactor->addWriter(writer);
  CHECK(turns_in(*reactor, milliseconds(20)) < quiet_turns_max);
  CHECK(writer->calls == 0);
  reading.close();
  turn_until(*reactor, [&] { return broken || writer->losses != 0; });
  if (writer->losses == 0) reactor->removeWriter(*writer);
  reactor->iterate();
  std::signal(SIGPIPE, before);
}

TEST_CASE("a non-blocking socket that is handed over is waited for like any other") {
  COIL_CONTRACT(reactor);
  SocketPair pair;
  TcpStream stream(*reactor, pair.here.release());
  TcpStream peer(*reactor, pair.there.release());
  std::string text(5, '.');
  auto read = [&]() -> Task<void> { co_await read_exactly(stream, text); };
  auto write = [&]() -> Task<void> {
    co_await sleep(milliseconds(1));
    co_await write_all(peer, "hello");
  };
  std::size_t written = 0;
  std::size_t arrived = 0;
  auto all = [&]() -> Task<void> {
    co_await when_all(read(), write());
    auto blocked = with_timeout(milliseconds(5), write_endlessly(stream, written));
    CHECK((co_await as_result(std::move(blocked))).error().code() == Errc::timed_out);
    while (arrived < written) arrived += (co_await peer.receive()).size();
    auto nothing = with_timeout(milliseconds(5), peer.read_some(text));
    CHECK((co_await as_result(std::move(nothing))).error().code() == Errc::timed_out);
  };
  run(*reactor, all());
  CHECK(text == "hello");
  CHECK(arrived == written);
}

TEST_CASE("no descriptor of the reactor or its sockets goes to a child of the program") {
  auto inherited = [] {
    std::vector<int> numbers;
    for (int number = 3; number < 256; ++number) {
      const int flags = ::fcntl(number, F_GETFD);
      if (flags >= 0 && (flags & FD_CLOEXEC) == 0) numbers.push_back(number);
    }
    return numbers;
  };
  const std::vector<int> before = inherited();
  COIL_CONTRACT(reactor);
  auto all = [&]() -> Task<void> {
    // One that waits in the kernel, and one that was there before anybody asked.
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpStream waited_for;
    auto accept = [&]() -> Task<void> { waited_for = co_await listener.accept(); };
    auto connect = [&]() -> Task<void> {
      co_await sleep(milliseconds(1));
      static_cast<void>(co_await TcpStream::connect(*reactor, listener.local_address()));
    };
    co_await when_all(accept(), connect());
    const TcpStream client = co_await TcpStream::connect(*reactor, listener.local_address());
    const TcpStream accepted = co_await listener.accept();
    const DatagramSocket datagrams = DatagramSocket::bind(*reactor, Address::loopback(0));
    CHECK(inherited() == before);
  };
  run(*reactor, all());
}

TEST_CASE("a timer of less than a millisecond does not make the loop spin") {
  COIL_CONTRACT(reactor);
  for (int round = 0; round < 20; ++round) {
    CHECK(turns_in(*reactor, std::chrono::microseconds(300)) < 6);
  }
}

TEST_CASE("many wake-ups from another thread end one wait") {
  COIL_CONTRACT(reactor);
  int calls = 0;
  constexpr int count = 1000;
  std::thread other([&] {
    for (int call = 0; call < count; ++call) reactor->callFromThread([&] { ++calls; });
  });
  while (calls < count) reactor->iterate(std::chrono::hours(1));
  other.join();
  CHECK(turns_in(*reactor, milliseconds(20)) < quiet_turns_max);
}

}  // namespace
