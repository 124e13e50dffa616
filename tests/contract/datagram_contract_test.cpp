// Covers: datagram.h, socket_options.h: UDP.
#include <coil/net.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/contract.h"
#include "support/wine.h"

using namespace coil;
using std::chrono::milliseconds;

namespace {

TEST_CASE("datagrams of every size come whole, with the sender's address") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket here = DatagramSocket::bind(*reactor, Address::loopback(0));
    DatagramSocket there = DatagramSocket::bind(*reactor, Address::loopback(0));
    std::vector<std::byte> buffer(DatagramSocket::size_max);
    for (const std::size_t size : {0UL, 1UL, 1472UL, 1473UL, 9000UL, 65506UL, 65507UL}) {
      std::vector<std::byte> payload(size);
      for (std::size_t at = 0; at < size; ++at) payload[at] = static_cast<std::byte>(at * 7 >> 2);
      co_await here.send(payload, there.local_address());
      const Datagram got = co_await there.receive(buffer);
      REQUIRE(got.size() == size);
      CHECK(std::equal(payload.begin(), payload.end(), buffer.begin()));
      CHECK_FALSE(got.truncated());
      CHECK(got.sender() == here.local_address());
    }
  };
  run(*reactor, body());
}

TEST_CASE("a buffer that is too small gives a truncated datagram, and the next one whole") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket here = DatagramSocket::bind(*reactor, Address::loopback(0));
    DatagramSocket there = DatagramSocket::bind(*reactor, Address::loopback(0));
    std::array<std::byte, 4> small;
    co_await here.send("too long for it", there.local_address());
    co_await here.send("fits", there.local_address());
    CHECK((co_await there.receive(small)).truncated());
    const Datagram next = co_await there.receive(small);
    CHECK_FALSE(next.truncated());
    CHECK(as_text(ConstBytes(small)) == "fits");
  };
  run(*reactor, body());
}

TEST_CASE("an over-long datagram and a foreign family are refused, and the socket lives on") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket socket = DatagramSocket::bind(*reactor, Address::loopback(0));
    const Address self = socket.local_address();
    const std::vector<std::byte> large(DatagramSocket::size_max + 1);
    const auto too_long = co_await as_result(socket.send(large, self));
    CHECK(too_long.error().failure().check<MessageLengthError>());
    const auto foreign = co_await as_result(socket.send("x", Address::loopback_v6(9)));
    CHECK(foreign.error().failure().check<InvalidAddressError>());
    CHECK_THROWS_AS(socket.connect(Address::loopback_v6(9)), InvalidAddressError);
    co_await socket.send("to myself", self);
    std::array<std::byte, 20> buffer;
    CHECK((co_await socket.receive(buffer)).size() == 9);
  };
  run(*reactor, body());
}

TEST_CASE("refusals by peers that have gone do not deafen a socket") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket server = DatagramSocket::bind(*reactor, Address::loopback(0));
    DatagramSocket gone = DatagramSocket::bind(*reactor, Address::loopback(0));
    const Address nobody = gone.local_address();
    gone.close();
    for (int number = 0; number < 10; ++number) co_await server.send("anyone?", nobody);
    DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
    co_await client.send("me", server.local_address());
    std::array<std::byte, 8> buffer;
    CHECK((co_await server.receive(buffer)).size() == 2);
  };
  run(*reactor, body());
}

TEST_CASE("a bound port cannot be bound again, and closing ends a pending receive") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket socket = DatagramSocket::bind(*reactor, Address::loopback(0));
    CHECK_THROWS_AS(DatagramSocket::bind(*reactor, socket.local_address()), CannotListenError);
    std::array<std::byte, 8> buffer;
    auto receive = [&]() -> Task<void> {
      const auto closed = co_await as_result(socket.receive(buffer));
      CHECK(closed.error().code() == Errc::handle_closed);
    };
    auto close = [&]() -> Task<void> {
      co_await yield();
      socket.close();
    };
    co_await when_all(receive(), close());
  };
  run(*reactor, body());
}

TEST_CASE("receives that wait on one socket at once each get a datagram, the first one first") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket socket = DatagramSocket::bind(*reactor, Address::loopback(0));
    const Address self = socket.local_address();
    std::vector<std::string> got(4);
    auto receive = [&](std::size_t number) -> Task<void> {
      std::array<std::byte, 8> buffer;
      const Datagram datagram = co_await socket.receive(buffer);
      got[number] = to_string(ConstBytes(buffer).first(datagram.size()));
    };
    auto all = [&](TaskGroup& group) -> Task<void> {
      for (std::size_t number = 0; number < got.size(); ++number) group.spawn(receive, number);
      co_await sleep(milliseconds(1));  // All of them wait.
      for (const char* text : {"1", "2", "3", "4"}) co_await socket.send(text, self);
    };
    co_await with_task_group(all);
    if (reactor->name() == "io_uring") std::sort(got.begin(), got.end());  // The kernel picks.
    CHECK(got == std::vector<std::string>{"1", "2", "3", "4"});
  };
  run(*reactor, body());
}

TEST_CASE("IPv6 sockets exchange datagrams, and do not take the IPv4 port") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket v6 = DatagramSocket::bind(*reactor, Address::loopback_v6(0));
    co_await v6.send("to myself", v6.local_address());
    std::array<std::byte, 16> buffer;
    const Datagram got = co_await v6.receive(buffer);
    CHECK(got.size() == 9);
    CHECK(got.sender() == v6.local_address());
    DatagramSocket any = DatagramSocket::bind(*reactor, Address::any_v6(0));
    CHECK(any.local_address().ip().is_v6());
    CHECK_NOTHROW(DatagramSocket::bind(*reactor, Address::any(any.local_address().port())));
  };
  run(*reactor, body());
}

TEST_CASE("a connected socket is told of refusals and goes on, and hears its peer only") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket peer = DatagramSocket::bind(*reactor, Address::loopback(0));
    const Address peer_address = peer.local_address();
    peer.close();
    co_await yield();
    DatagramSocket socket = DatagramSocket::bind(*reactor, Address::loopback(0));
    socket.connect(peer_address);
    co_await socket.send("anyone?");
    std::array<std::byte, 16> buffer;
    if (!coil::testing::wine_hides_refusals(*reactor)) {
      const auto refused = co_await as_result(socket.receive(buffer));
      CHECK(refused.error().failure().check<ConnectionRefusedError>());
    }
    peer = DatagramSocket::bind(*reactor, peer_address);
    DatagramSocket stranger = DatagramSocket::bind(*reactor, Address::loopback(0));
    co_await stranger.send("not you", socket.local_address());
    co_await peer.send("you", socket.local_address());
    CHECK((co_await socket.receive(buffer)).size() == 3);
    co_await socket.send("back");
    CHECK((co_await peer.receive(buffer)).sender() == socket.local_address());
  };
  run(*reactor, body());
}

TEST_CASE("a cancelled receive loses no datagram") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket socket = DatagramSocket::bind(*reactor, Address::loopback(0));
    int received = 0;
    auto receive = [&]() -> Task<void> {
      std::array<std::byte, 16> buffer;
      const Datagram got = co_await socket.receive(buffer);
      CHECK(got.size() == 8);
      ++received;
    };
    for (int round = 0; round < 60; ++round) {
      co_await socket.send("datagram", socket.local_address());
      auto race = [&](TaskGroup& group) -> Task<void> {
        group.spawn(receive);
        for (int step = 0; step < round % 4; ++step) co_await yield();
        group.cancel();
      };
      co_await with_task_group(race);
    }
    while (received < 60) co_await receive();
    CHECK(received == 60);
  };
  run(*reactor, body());
}

TEST_CASE("a flood of datagrams leaves the rest of the loop its turns") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket socket = DatagramSocket::bind(*reactor, Address::loopback(0));
    const Address self = socket.local_address();
    auto flood = [&]() -> Task<void> {
      std::array<std::byte, 16> buffer;
      for (;;) {
        co_await socket.send("again", self);
        co_await socket.receive(buffer);
      }
    };
    const auto ended = co_await as_result(with_timeout(milliseconds(5), flood()));
    CHECK(ended.error().code() == Errc::timed_out);
  };
  run(*reactor, body());
}

TEST_CASE("broadcast, multicast and buffer options are set and read") {
  COIL_CONTRACT(reactor);
  for (const Address& local : {Address::loopback(0), Address::loopback_v6(0)}) {
    DatagramSocket socket = DatagramSocket::bind(*reactor, local);
    socket.set(MulticastLoop(false));
    CHECK_FALSE(socket.get<MulticastLoop>().on());
    socket.set(MulticastHops(7));
    CHECK(socket.get<MulticastHops>().value() == 7);
    socket.set(ReceiveBuffer(32 * 1024));
    CHECK(socket.get<ReceiveBuffer>().value() >= 32 * 1024);
    CHECK_FALSE(socket.get<Broadcast>().on());
    socket.set(Broadcast(true));
    CHECK(socket.get<Broadcast>().on());
  }
  DatagramOptions options = DatagramOptions().set_broadcast(true);
  CHECK(DatagramSocket::bind(*reactor, Address::any(0), options).get<Broadcast>().on());
}

TEST_CASE("every member of a group on one port receives, until it leaves") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    const IpAddress group = *IpAddress::parse("239.255.77.1");
    DatagramOptions shared = DatagramOptions().set_reuse_port(true);
    DatagramSocket one = DatagramSocket::bind(*reactor, Address::any(0), shared);
    DatagramSocket two = DatagramSocket::bind(*reactor, one.local_address(), shared);
    const Address to(group, one.local_address().port());
    try {
      one.join_group(group);
      two.join_group(group);
      co_await one.send("all", to);
    } catch (const SystemError& error) {
      coil::testing::note_lack("multicast", error.what());  // No interface here carries it.
      co_return;
    }
    std::array<std::byte, 16> buffer;
    CHECK((co_await one.receive(buffer)).size() == 3);
    CHECK((co_await two.receive(buffer)).size() == 3);
    two.leave_group(group);
    CHECK_THROWS_AS(two.leave_group(group), SystemError);
    co_await two.send("rest", to);
    CHECK((co_await one.receive(buffer)).size() == 4);
  };
  run(*reactor, body());
}

}  // namespace
