// Covers: ports.h, endpoint.h, tcp.h, socket_calls.h: sockets that come from outside.
#include <coil/net/endpoint.h>

#include <algorithm>
#include <string>

#include "support/contract.h"
#include "support/foreign_socket.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

Address at_loopback(const ListeningPort& port) { return Address::loopback(port.getHost().port()); }

bool is_simulated(Contract& reactor) { return reactor->name() == "simulated"; }

TEST_CASE("an adopted port serves, and leaves the socket to others when it stops") {
  COIL_CONTRACT(reactor);
  if (is_simulated(reactor)) return;
  ForeignSocket original = ForeignSocket::listening();
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
  const ForeignSocket bound(ForeignSocket::Kind::stream);
  if (is_simulated(reactor)) {
    CHECK_THROWS_AS(adopt(bound.handle()), SystemError);
    return;
  }
  const ForeignSocket datagrams(ForeignSocket::Kind::datagram);
  const ForeignSocket listening = ForeignSocket::listening();
  CHECK_THROWS_AS(adopt(bound.handle()), UnsupportedSocketType);
  CHECK_THROWS_AS(adopt(datagrams.handle()), UnsupportedSocketType);
  if (ForeignSocket::can_open(ForeignSocket::Kind::local)) {
    const ForeignSocket local(ForeignSocket::Kind::local);
    CHECK_THROWS_AS(adopt(local.handle()), UnsupportedAddressFamily);
  } else {
    note_lack("a local socket", "this system has none");
  }
  CHECK_THROWS_AS(adopt(NativeHandle(9999)), SystemError);
  const NativeHandle handle = listening.handle();
  CHECK_THROWS_AS(adoptStreamConnection(*reactor, handle, *factory), UnsupportedSocketType);
  const NativeHandle unconnected = bound.handle();
  CHECK_THROWS_AS(adoptStreamConnection(*reactor, unconnected, *factory), SystemError);
  CHECK(factory->seen.empty());
}

TEST_CASE("an adopted connection is delivered to a protocol of a factory that is not started") {
  COIL_CONTRACT(reactor);
  if (is_simulated(reactor)) return;
  const auto ends = ForeignSocket::connected();
  auto body = [&, &here = ends.first, &there = ends.second]() -> Task<void> {
    ProbeFactory factory;
    auto protocol = adoptStreamConnection(*reactor, here.handle(), factory);
    REQUIRE(protocol == factory.probes.at(0));
    REQUIRE(there.send("data") == 4);
    while (factory.probes[0]->received != "data") co_await yield();
    factory.probes[0]->line().loseConnection();
    while (factory.seen.back() != "lost") co_await yield();
    CHECK(factory.seen == Strings{"made", "lost"});

    // The caller's own handle is still open, and refusing does not change that.
    factory.refuses = true;
    CHECK(adoptStreamConnection(*reactor, here.handle(), factory) == nullptr);
    REQUIRE(here.send("x") == 1);
  };
  run(*reactor, body());
}

TEST_CASE("an adopted endpoint owns its handle, and listens once") {
  COIL_CONTRACT(reactor);
  if (is_simulated(reactor)) return;
  auto factory = std::make_shared<ProbeFactory>();
  auto body = [&]() -> Task<void> {
    AdoptedStreamServerEndpoint endpoint(*reactor, ForeignSocket::listening().release());
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

    AdoptedStreamServerEndpoint other(*reactor, ForeignSocket::listening().release());
    TcpListener listener = co_await other.listen();
    const Address there = Address::loopback(listener.local_address().port());
    client = co_await TcpStream::connect(*reactor, there);
    TcpStream accepted = co_await listener.accept();
    CHECK(accepted.peer_address() == client.local_address());
    AdoptedStreamServerEndpoint unused(*reactor, ForeignSocket::listening().release());
  };
  run(*reactor, body());
}

}  // namespace
