// Covers: datagram.h, address.h.
#include <coil/net.h>

#include "support/contract.h"

using namespace coil;
using std::chrono::milliseconds;

namespace {

TEST_CASE("datagrams of every size come whole, with the sender's address") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket here = DatagramSocket::bind(*reactor, Address::loopback(0));
    DatagramSocket there = DatagramSocket::bind(*reactor, Address::loopback(0));
    std::vector<std::byte> buffer(DatagramSocket::size_max);
    for (const std::size_t size : {0UL, 1UL, 1500UL, 65507UL}) {
      const std::vector<std::byte> payload(size, std::byte{0x5a});
      co_await here.send(payload, there.local_address());
      const Datagram got = co_await there.receive(buffer);
      CHECK(got.size() == size);
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
    CHECK_THROWS_AS(static_cast<void>(socket.send(large, self)), MessageLengthError);
    CHECK_THROWS_AS(static_cast<void>(socket.send("x", Address::loopback_v6(9))),
                    InvalidAddressError);
    CHECK_THROWS_AS(socket.join_group(self.ip()), InvalidAddressError);
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

TEST_CASE("addresses are parsed, printed and compared") {
  CHECK(Address::parse("127.0.0.1:80")->to_string() == "127.0.0.1:80");
  CHECK(Address::parse("[::1]:80") == Address::loopback_v6(80));
  CHECK(Address::parse("[fe80::1%3]:1")->ip().scope() == 3);
  for (const char* bad : {"", "127.0.0.1", "::1:80", "127.0.0.1:70000", "host:80", "1.2.3:4"}) {
    CHECK_FALSE(Address::parse(bad).has_value());
  }
  CHECK(IpAddress::parse("224.0.0.1")->is_multicast());
  CHECK(IpAddress::parse("ff02::1")->is_multicast());
}

}  // namespace
