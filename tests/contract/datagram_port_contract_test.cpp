// Covers: datagram_port.h: the callback side of UDP.
#include <coil/net.h>
#include <coil/testing/simulated_reactor.h>

#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/contract.h"
#include "support/datagram_probe.h"
#include "support/wine.h"

using namespace coil;
using coil::testing::DatagramProbe;
using coil::testing::Strings;
using coil::testing::until;

namespace {

TEST_CASE("startProtocol and stopProtocol are called once per listen, and from the loop") {
  COIL_CONTRACT(reactor);
  auto protocol = std::make_shared<DatagramProbe>();
  int fired = 0;
  auto body = [&]() -> Task<void> {
    for (int time = 0; time < 2; ++time) {
      protocol->seen.clear();
      auto port = listenUDP(*reactor, Address::loopback(0), protocol);
      CHECK(protocol->seen.empty());
      if (time == 1) co_await until([&] { return !protocol->seen.empty(); });
      for (int twice = 0; twice < 2; ++twice) {
        port->stopListening().addCallback([&] { ++fired; });
      }
      CHECK(protocol->seen.size() == static_cast<std::size_t>(time));
      const Strings both = {"start", "stop"};
      co_await until([&] { return fired == 2 * (time + 1); });
      CHECK(protocol->seen == both);
      CHECK(port->stopListening().called());
      CHECK(protocol->seen == both);
    }
  };
  run(*reactor, body());
}

TEST_CASE("an address can be bound again as soon as stopListening has fired") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto protocol = std::make_shared<DatagramProbe>();
    auto port = listenUDP(*reactor, Address::loopback(0), protocol);
    const Address where = port->getHost();
    DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
    for (const bool inside : {true, false, true}) {
      bool bound_again = false;
      auto stop = [&] {
        port->write("bye", client.local_address());
        port->stopListening().addCallback([&] {
          protocol->seen.clear();
          port = listenUDP(*reactor, where, protocol);
          bound_again = true;
        });
      };
      protocol->on_datagram = inside ? std::function<void()>(stop) : nullptr;
      co_await client.send("x", where);
      co_await until([&] { return bound_again || protocol->seen.size() >= 2; });
      if (!inside) stop();
      co_await until([&] { return bound_again; });
    }
    co_await port->stopListening();
  };
  run(*reactor, body());
}

TEST_CASE("what was written before stopListening goes out, and what comes afterwards does not") {
  COIL_CONTRACT(reactor);
  constexpr int written = 250;  // More than one turn sends.
  auto body = [&]() -> Task<void> {
    DatagramSocket peer = DatagramSocket::bind(*reactor, Address::loopback(0));
    peer.set(ReceiveBuffer(1024 * 1024));
    auto protocol = std::make_shared<DatagramProbe>();
    auto port = listenUDP(*reactor, Address::loopback(0), protocol);
    DatagramSocket other = DatagramSocket::bind(*reactor, Address::loopback(0));
    co_await other.send("early", port->getHost());
    co_await until([&] { return protocol->last() == "early"; });
    std::string sent;
    for (int number = 0; number < written; ++number) {
      const std::string text = std::to_string(number) + " ";
      port->write(text, peer.local_address());
      sent += text;
    }
    Deferred<void> stopped = port->stopListening();
    port->write("late", peer.local_address());
    // The socket is still open, and yet nothing is delivered.
    co_await other.send("too late", port->getHost());
    co_await stopped;
    CHECK(protocol->seen == Strings{"start", "early", "stop"});
    std::string heard;
    std::array<std::byte, 8> buffer;
    while (heard.find("mark") == std::string::npos) {
      if (heard == sent) co_await other.send("mark", peer.local_address());
      const Datagram got = co_await peer.receive(buffer);
      heard += to_string(ConstBytes(buffer).first(got.size()));
    }
    CHECK(heard == sent + "mark");
  };
  run(*reactor, body());
}

TEST_CASE("datagrams reach the protocol whole, the empty ones too, with the sender's address") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto echo = std::make_shared<DatagramProbe>();
    auto port = listenUDP(*reactor, 0, echo, "127.0.0.1");
    echo->on_datagram = [&] { port->write(echo->seen.back(), echo->sender); };
    DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
    std::vector<std::byte> buffer(DatagramSocket::size_max);
    for (const std::size_t size : {0UL, 1UL, 9000UL, 65507UL}) {
      const std::string text(size, 'x');
      co_await client.send(text, port->getHost());
      const Datagram answer = co_await client.receive(buffer);
      CHECK(answer.size() == size);
      CHECK(answer.sender() == port->getHost());
      CHECK(echo->seen.back() == text);
      CHECK(echo->sender == client.local_address());
    }
    co_await port->stopListening();
  };
  run(*reactor, body());
}

TEST_CASE("a port that was told a packet size delivers no more of a datagram, then the next one") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto protocol = std::make_shared<DatagramProbe>();
    const auto options = DatagramPortOptions().set_max_packet_size(4);
    auto port = listenUDP(*reactor, Address::loopback(0), protocol, options);
    DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
    for (const char* text : {"too long", "fits"}) co_await client.send(text, port->getHost());
    co_await until([&] { return protocol->seen.size() >= 3; });
    CHECK(protocol->seen == Strings{"start", "too ", "fits"});
    co_await port->stopListening();
  };
  run(*reactor, body());
}

TEST_CASE("a port may be told any packet size") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    for (const std::size_t most : {std::size_t{0}, std::numeric_limits<std::size_t>::max()}) {
      auto protocol = std::make_shared<DatagramProbe>();
      const auto options = DatagramPortOptions().set_max_packet_size(most);
      auto port = listenUDP(*reactor, Address::loopback(0), protocol, options);
      DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
      co_await client.send("text", port->getHost());
      co_await until([&] { return protocol->seen.size() >= 2; });
      CHECK(protocol->seen == Strings{"start", most == 0 ? "" : "text"});
      CHECK(protocol->sender == client.local_address());
      co_await port->stopListening();
    }
  };
  run(*reactor, body());
}

TEST_CASE("a port is refused where it cannot be, and for a protocol that has one") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto protocol = std::make_shared<DatagramProbe>();
    auto other = std::make_shared<DatagramProbe>();
    auto port = listenUDP(*reactor, Address::loopback(0), protocol);
    CHECK_THROWS_AS(listenUDP(*reactor, port->getHost(), other), CannotListenError);
    CHECK_THROWS_AS(listenUDP(*reactor, 0, other, "localhost"), InvalidAddressError);
    CHECK_THROWS_AS(listenUDP(*reactor, Address::loopback(0), protocol), std::logic_error);
    // Neither harmed the protocols.
    auto second = listenUDP(*reactor, 0, other);
    CHECK(second->getHost().ip() == IpAddress());
    co_await port->stopListening();
    co_await second->stopListening();
    CHECK(protocol->seen == Strings{"start", "stop"});
    CHECK(other->seen == Strings{"start", "stop"});
  };
  run(*reactor, body());
}

TEST_CASE("what cannot be sent is refused at once, and the port lives on") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto protocol = std::make_shared<DatagramProbe>();
    auto port = listenUDP(*reactor, Address::loopback(0), protocol);
    const Address self = port->getHost();
    CHECK_THROWS_AS(port->write("x", "localhost", 9), InvalidAddressError);
    CHECK_THROWS_AS(port->write("x", "::1", 9), InvalidAddressError);
    CHECK_THROWS_AS(port->write("x", Address::loopback_v6(9)), InvalidAddressError);
    CHECK_THROWS_AS(port->connect("localhost", 9), InvalidAddressError);
    CHECK_THROWS_AS(port->connect("<broadcast>", 9), InvalidAddressError);
    CHECK_THROWS_AS(port->connect(Address::loopback_v6(9)), InvalidAddressError);
    CHECK_THROWS_AS(port->write("nobody to write to"), std::logic_error);
    const std::vector<std::byte> large(DatagramSocket::size_max + 1);
    CHECK_THROWS_AS(port->write(large, self), MessageLengthError);
    port->connect("127.0.0.1", self.port());
    CHECK_THROWS_AS(port->connect(self), std::logic_error);
    CHECK_THROWS_AS(port->write(large), MessageLengthError);
    CHECK_THROWS_AS(port->write("x", Address::loopback(9)), std::logic_error);
    port->write("to myself");
    port->write("again", "127.0.0.1", self.port());
    co_await until([&] { return protocol->seen.size() >= 3; });
    CHECK(protocol->seen == Strings{"start", "to myself", "again"});
    co_await port->stopListening();
    CHECK_THROWS_AS(port->getTTL(), HandleClosed);
  };
  run(*reactor, body());
  CHECK(reactor.log.empty());
}

TEST_CASE("a connected port hears its peer only, also of what had come before") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket stranger = DatagramSocket::bind(*reactor, Address::loopback(0));
    DatagramSocket peer = DatagramSocket::bind(*reactor, Address::loopback(0));
    auto protocol = std::make_shared<DatagramProbe>();
    auto port = listenUDP(*reactor, Address::any(0), protocol);
    const Address there = Address::loopback(port->getHost().port());
    protocol->on_start = [&] {
      port->connect(peer.local_address());
      CHECK(port->getHost() == there);
    };
    co_await stranger.send("before", there);
    co_await until([&] { return !protocol->seen.empty(); });
    co_await stranger.send("after", there);
    co_await peer.send("mine", there);
    co_await until([&] { return protocol->seen.size() >= 2; });
    CHECK(protocol->seen == Strings{"start", "mine"});
    co_await port->stopListening();
  };
  run(*reactor, body());
}

TEST_CASE("a refusal is told once per refused datagram at most, and only to a connected port") {
  COIL_CONTRACT(reactor);
  if (coil::testing::wine_hides_refusals(*reactor)) return;
  auto body = [&]() -> Task<void> {
    DatagramSocket gone = DatagramSocket::bind(*reactor, Address::loopback(0));
    const Address nobody = gone.local_address();
    auto protocol = std::make_shared<DatagramProbe>();
    auto port = listenUDP(*reactor, Address::loopback(0), protocol);
    gone.close();
    constexpr int asked = 5;
    // Each in a turn of its own, or the kernel makes one refusal of several.
    for (int count = 0; count < asked; ++count) {
      port->write("anyone?", nobody);
      for (int turn = 0; turn < 3; ++turn) co_await yield();
    }
    // A kernel refuses during the send; the simulated network takes up to 400 µs of its time.
    co_await sleep(std::chrono::milliseconds(1));
    CHECK(protocol->refused == 0);
    port->connect(nobody);
    // The second of two that go out in a row may find the refusal of the first one.
    for (int count = 0; count < asked; ++count) port->write("really?");
    co_await until([&] { return protocol->refused > 0; });
    co_await until([&] { return protocol->seen.size() >= 1; });
    DatagramSocket back = DatagramSocket::bind(*reactor, nobody);
    co_await back.send("here", port->getHost());
    co_await until([&] { return protocol->seen.size() >= 2; });
    CHECK(protocol->seen == Strings{"start", "here"});
    CHECK(protocol->refused <= asked);
    co_await port->stopListening();
  };
  run(*reactor, body());
  CHECK(reactor.log.empty());
}

TEST_CASE("a flood neither holds up a timer, nor outlives a stop inside datagramReceived") {
  COIL_CONTRACT(reactor);
  constexpr int flood = 10'000;
  auto protocol = std::make_shared<DatagramProbe>();
  auto port = listenUDP(*reactor, Address::loopback(0), protocol);
  DatagramSocket sender = DatagramSocket::bind(*reactor, Address::loopback(0));
  int sent = 0;
  int sent_at_timer = flood;
  int received = 0;
  auto send_all = [&]() -> Task<void> {
    for (; sent < flood; ++sent) co_await sender.send("flood", port->getHost());
  };
  reactor->callLater(Duration::zero(), [&] { sent_at_timer = sent; });
  protocol->on_datagram = [&] {
    protocol->seen.clear();
    // The reactor ends although as much arrives as was delivered.
    port->write("more", port->getHost());
    if (++received == flood / 10) reactor->stop();
  };
  Deferred<void> sending = Deferred<void>::fromCoroutine(*reactor, send_all());
  sending.addErrback([](Failure failure) { failure.trap<CancelledError>(); });
  reactor->run();
  CHECK(sent_at_timer < flood);
  CHECK(received >= flood / 10);
  CHECK(protocol->seen.back() == "stop");
}

TEST_CASE("a failed receive ends none of the later ones, and a lasting failure is logged once") {
  COIL_CONTRACT(reactor);
  auto* simulated = dynamic_cast<coil::testing::SimulatedReactor*>(&*reactor);
  if (simulated == nullptr) return;  // A kernel fails no receive on demand.
  auto body = [&]() -> Task<void> {
    auto protocol = std::make_shared<DatagramProbe>();
    auto port = listenUDP(*reactor, Address::loopback(0), protocol);
    DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
    for (const char* text : {"first", "second"}) {
      for (int count = 0; count < 3; ++count) {
        simulated->network().fail_next(OpCode::receive_from, ENOMEM);
      }
      co_await client.send(text, port->getHost());
      co_await until([&] { return protocol->last() == text; });
    }
    co_await port->stopListening();
  };
  run(*reactor, body());
  CHECK(reactor.log.size() == 2);
}

TEST_CASE("broadcasts are sent by a port that is allowed to, and a refused one is logged") {
  COIL_CONTRACT(reactor);
  // A kernel loops this one back itself, so that no network is needed.
  const bool simulated = reactor->name() == "simulated";
  const std::string everybody = simulated ? "<broadcast>" : "127.255.255.255";
  auto body = [&]() -> Task<void> {
    auto protocol = std::make_shared<DatagramProbe>();
    auto port = listenUDP(*reactor, 0, protocol);
    const std::uint16_t number = port->getHost().port();
    CHECK_FALSE(port->getBroadcastAllowed());
    for (int twice = 0; twice < 2; ++twice) port->write("forbidden", everybody, number);
    co_await until([&] { return !reactor.log.empty(); });
    port->setBroadcastAllowed(true);
    CHECK(port->getBroadcastAllowed());
    port->write("allowed", everybody, number);
    co_await until([&] { return protocol->seen.size() >= 2; });
    CHECK(protocol->seen == Strings{"start", "allowed"});
    CHECK(reactor.log.size() == 1);
    port->setBroadcastAllowed(false);
    CHECK_FALSE(port->getBroadcastAllowed());
    CHECK_NOTHROW(port->write("the alias is an address too", "<broadcast>", number));
    co_await port->stopListening();
  };
  run(*reactor, body());
}

}  // namespace
