// Covers: ports.h, endpoint.h, tcp.h, socket_calls.h: sockets that come from outside.
#include <coil/net/endpoint.h>
#include <coil/net/endpoint_strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

// A socket of the test's own, as another program would pass it.
class Outside {
 public:
  explicit Outside(int descriptor) : descriptor_(descriptor) { REQUIRE(descriptor >= 0); }
  Outside(const Outside&) = delete;
  Outside& operator=(const Outside&) = delete;
  ~Outside() { close(); }
  static int listening(int family = AF_INET) {
    const int made = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;  // Connections that are still being closed do not hold the address.
    if (::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return -1;
    if (::listen(made, 16) != 0) return -1;  // At a port that the system picks.
    return made;
  }
  NativeHandle handle() const noexcept { return NativeHandle(descriptor_); }
  int descriptor() const noexcept { return descriptor_; }
  int release() noexcept { return std::exchange(descriptor_, -1); }
  void close() noexcept {
    if (descriptor_ >= 0) ::close(release());
  }

 private:
  int descriptor_;
};

Address at_loopback(const ListeningPort& port) { return Address::loopback(port.getHost().port()); }

bool is_simulated(Contract& reactor) { return reactor->name() == "simulated"; }

TEST_CASE("an adopted port serves, and leaves the socket to others when it stops") {
  COIL_CONTRACT(reactor);
  if (is_simulated(reactor)) return;
  Outside original(Outside::listening());
  auto body = [&]() -> Task<void> {
    auto factory = std::make_shared<ProbeFactory>();
    factory->prepare = [](Probe& probe) {
      probe.on_made = [](Transport& line) { line.write("hello"); };
    };
    ListeningPort port = adoptStreamPort(*reactor, original.handle(), factory);
    ListeningPort second = adoptStreamPort(*reactor, original.handle(), factory);
    CHECK(port.getHost() == second.getHost());
    TcpStream client = co_await TcpStream::connect(*reactor, at_loopback(port));
    std::string text(5, '.');
    co_await read_exactly(client, text);
    CHECK(text == "hello");
    client.close();
    co_await port.stopListening();

    // Another holder of the socket goes on accepting.
    original.close();
    client = co_await TcpStream::connect(*reactor, at_loopback(second));
    co_await read_exactly(client, text);
    client.close();
    co_await second.stopListening();
    while (port.connections() + second.connections() != 0) co_await yield();
    CHECK(std::ranges::count(factory->seen, "start") == 1);
    CHECK(std::ranges::count(factory->seen, "stop") == 1);
    // The last one has closed it: the address is free.
    port.startListening();
    co_await port.stopListening();
  };
  run(*reactor, body());
}

TEST_CASE("what is no listening TCP socket is refused with an error that says so") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  auto adopt = [&](NativeHandle handle) { adoptStreamPort(*reactor, handle, factory); };
  const Outside bound(::socket(AF_INET, SOCK_STREAM, 0));
  if (is_simulated(reactor)) {
    CHECK_THROWS_AS(adopt(bound.handle()), SystemError);
    return;
  }
  const Outside local(::socket(AF_UNIX, SOCK_STREAM, 0));
  const Outside datagrams(::socket(AF_INET, SOCK_DGRAM, 0));
  const Outside listening(Outside::listening());
  CHECK_THROWS_AS(adopt(bound.handle()), UnsupportedSocketType);
  CHECK_THROWS_AS(adopt(datagrams.handle()), UnsupportedSocketType);
  CHECK_THROWS_AS(adopt(local.handle()), UnsupportedAddressFamily);
  CHECK_THROWS_AS(adopt(NativeHandle(9999)), SystemError);
  const NativeHandle handle = listening.handle();
  CHECK_THROWS_AS(adoptStreamConnection(*reactor, handle, *factory), UnsupportedSocketType);
  const NativeHandle unconnected = bound.handle();
  CHECK_THROWS_AS(adoptStreamConnection(*reactor, unconnected, *factory), SystemError);
  CHECK(factory->seen.empty());
}

// Both ends of a connection, as descriptors.
class Connected {
 public:
  Connected() {
    const Outside listening(Outside::listening());
    sockaddr_storage address = {};
    socklen_t size = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::getsockname(listening.descriptor(), where, &size) == 0);
    here = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(here, where, size) == 0);
    there = ::accept(listening.descriptor(), nullptr, nullptr);
    REQUIRE(there >= 0);
  }
  Connected(const Connected&) = delete;
  Connected& operator=(const Connected&) = delete;
  ~Connected() {
    ::close(here);
    ::close(there);
  }
  int here = -1;
  int there = -1;
};

TEST_CASE("an adopted connection is delivered to a protocol of a factory that is not started") {
  COIL_CONTRACT(reactor);
  if (is_simulated(reactor)) return;
  const Connected pair;
  auto body = [&]() -> Task<void> {
    ProbeFactory factory;
    auto protocol = adoptStreamConnection(*reactor, NativeHandle(pair.here), factory);
    REQUIRE(protocol == factory.probes.at(0));
    REQUIRE(::send(pair.there, "data", 4, 0) == 4);
    while (factory.probes[0]->received != "data") co_await yield();
    factory.probes[0]->line().loseConnection();
    while (factory.seen.back() != "lost") co_await yield();
    CHECK(factory.seen == Strings{"made", "lost"});

    // The caller's own handle is still open, and refusing does not change that.
    factory.refuses = true;
    CHECK(adoptStreamConnection(*reactor, NativeHandle(pair.here), factory) == nullptr);
    REQUIRE(::send(pair.here, "x", 1, MSG_NOSIGNAL) == 1);
  };
  run(*reactor, body());
}

TEST_CASE("an adopted endpoint owns its handle, and listens once") {
  COIL_CONTRACT(reactor);
  if (is_simulated(reactor)) return;
  auto factory = std::make_shared<ProbeFactory>();
  auto body = [&]() -> Task<void> {
    AdoptedStreamServerEndpoint endpoint(*reactor, NativeHandle(Outside::listening()));
    ListeningPort port = co_await endpoint.listen(factory);
    const auto again = co_await as_result(endpoint.listen(factory));
    CHECK(again.error().failure().check<AlreadyListened>());
    const auto otherwise = co_await as_result(endpoint.listen());
    CHECK(otherwise.error().failure().check<AlreadyListened>());
    const Address address = at_loopback(port);
    TcpStream client = co_await TcpStream::connect(*reactor, address);
    client.abort();
    co_await port.stopListening();
    // Nobody holds the socket any more.
    const auto refused = co_await as_result(TcpStream::connect(*reactor, address));
    CHECK(refused.error().failure().check<ConnectionRefusedError>());
    while (port.connections() != 0) co_await yield();

    AdoptedStreamServerEndpoint other(*reactor, NativeHandle(Outside::listening()));
    TcpListener listener = co_await other.listen();
    const Address there = Address::loopback(listener.local_address().port());
    client = co_await TcpStream::connect(*reactor, there);
    TcpStream accepted = co_await listener.accept();
    CHECK(accepted.peer_address() == client.local_address());
    AdoptedStreamServerEndpoint unused(*reactor, NativeHandle(Outside::listening()));
  };
  run(*reactor, body());
}

// An environment variable for as long as this lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

Task<void> serve_once(Reactor& reactor, const std::string& description) {
  auto endpoint = serverFromString(reactor, description);
  TcpListener listener = co_await endpoint->listen();
  const Address address = Address::loopback(listener.local_address().port());
  TcpStream client = co_await TcpStream::connect(reactor, address);
  TcpStream accepted = co_await listener.accept();
  CHECK(accepted.peer_address() == client.local_address());
}

TEST_CASE("a passed descriptor is named by its number, or by what systemd says of it") {
  COIL_CONTRACT(reactor);
  if (is_simulated(reactor)) return;
  auto body = [&]() -> Task<void> {
    Outside socket(Outside::listening());
    co_await serve_once(*reactor, "fd:" + std::to_string(socket.release()));

    Outside by_index(Outside::listening());
    Outside by_name(Outside::listening());
    std::string names;
    const int last = std::max(by_index.descriptor(), by_name.descriptor());
    for (int descriptor = 3; descriptor <= last; ++descriptor) {
      names += descriptor == 3 ? "" : ":";
      names += descriptor == by_name.descriptor() ? "web" : "unknown";
    }
    const Variable process("LISTEN_PID", std::to_string(::getpid()));
    const Variable count("LISTEN_FDS", std::to_string(last - 2));
    const Variable listed("LISTEN_FDNAMES", names);
    co_await serve_once(*reactor, "systemd:index=" + std::to_string(by_index.release() - 3));
    co_await serve_once(*reactor, "systemd:name=web");
    static_cast<void>(by_name.release());
    CHECK_THROWS_WITH_AS(serverFromString(*reactor, "systemd:name=mail"),
                         doctest::Contains("passed no descriptor named 'mail'"),
                         std::invalid_argument);
    CHECK_THROWS_AS(serverFromString(*reactor, "systemd:index=" + std::to_string(last - 2)),
                    std::invalid_argument);
    // Fewer names than descriptors: those behind them have none.
    const Variable many("LISTEN_FDS", "60000");
    const Variable few("LISTEN_FDNAMES", std::string(5000, ':'));
    CHECK_THROWS_AS(serverFromString(*reactor, "systemd:name=mail"), std::invalid_argument);
    const Variable another("LISTEN_PID", "1");
    CHECK_THROWS_WITH_AS(serverFromString(*reactor, "systemd:index=0"),
                         doctest::Contains("it has passed 0"), std::invalid_argument);
  };
  run(*reactor, body());
}

}  // namespace
