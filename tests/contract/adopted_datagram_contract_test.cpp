// Covers: datagram_port.h, datagram.h: UDP sockets that others have opened.
#include <coil/net.h>

#include <memory>
#include <string>

#include "support/contract.h"
#include "support/datagram_probe.h"
#include "support/foreign_socket.h"

using namespace coil;
using coil::testing::DatagramProbe;
using coil::testing::ForeignSocket;
using coil::testing::Strings;
using coil::testing::until;

namespace {

// Where sockets of the system can be served.
bool takes_foreign(Reactor& reactor) { return reactor.name() != "simulated"; }

TEST_CASE("an adopted port serves its socket, which the caller may close at once") {
  COIL_CONTRACT(reactor);
  if (!takes_foreign(*reactor)) return;
  auto body = [&]() -> Task<void> {
    ForeignSocket foreign(ForeignSocket::Kind::datagram);
    foreign.bind_to_loopback();
    const Address where = Address::loopback(foreign.port());
    auto echo = std::make_shared<DatagramProbe>();
    auto port = adoptDatagramPort(*reactor, foreign.handle(), echo);
    foreign.close();
    CHECK(port->getHost() == where);
    echo->on_datagram = [&] { port->write(echo->seen.back(), echo->sender); };
    DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
    std::array<std::byte, 8> buffer;
    for (const char* text : {"one", "three"}) {
      co_await client.send(text, where);
      const Datagram answer = co_await client.receive(buffer);
      CHECK(as_text(ConstBytes(buffer).first(answer.size())) == text);
      CHECK(answer.sender() == where);
    }
    CHECK_THROWS_AS(DatagramSocket::bind(*reactor, where), CannotListenError);
    co_await port->stopListening();
    CHECK(echo->seen == Strings{"start", "one", "three", "stop"});
    CHECK_NOTHROW(DatagramSocket::bind(*reactor, where));
  };
  run(*reactor, body());
}

TEST_CASE("what an adopted port leaves unread, and the address, stay with the caller's socket") {
  COIL_CONTRACT(reactor);
  if (!takes_foreign(*reactor)) return;
  auto body = [&]() -> Task<void> {
    ForeignSocket foreign(ForeignSocket::Kind::datagram);
    foreign.bind_to_loopback();
    const Address where = Address::loopback(foreign.port());
    auto protocol = std::make_shared<DatagramProbe>();
    DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
    for (const char* text : {"1", "2"}) co_await client.send(text, where);
    auto port = adoptDatagramPort(*reactor, foreign.handle(), protocol);
    Deferred<void> stopped;
    protocol->on_datagram = [&] { stopped = port->stopListening(); };
    co_await until([&] { return protocol->seen.size() >= 3; });
    CHECK(protocol->seen == Strings{"start", "1", "stop"});
    DatagramSocket again = DatagramSocket::adopt(*reactor, foreign.handle());
    std::array<std::byte, 8> buffer;
    CHECK((co_await again.receive(buffer)).size() == 1);
    CHECK(as_text(ConstBytes(buffer).first(1)) == "2");
    co_await again.send("back", client.local_address());
    CHECK((co_await client.receive(buffer)).sender() == where);
  };
  run(*reactor, body());
}

TEST_CASE("what is no UDP socket is not adopted, and nothing is lost by that") {
  COIL_CONTRACT(reactor);
  auto protocol = std::make_shared<DatagramProbe>();
  auto refused = [&](const ForeignSocket& foreign, auto check) {
    try {
      adoptDatagramPort(*reactor, foreign.handle(), protocol);
      FAIL("adopted");
    } catch (const SystemError& error) {
      check(error);
    }
  };
  ForeignSocket sound(ForeignSocket::Kind::datagram);
  if (!takes_foreign(*reactor)) {
    refused(sound, [](const SystemError& error) { CHECK(error.code() == Errc::not_supported); });
    return;
  }
  ForeignSocket closed(ForeignSocket::Kind::datagram);
  closed.close();
  refused(closed,
          [](const SystemError& error) { CHECK(error.code() == std::errc::bad_file_descriptor); });
  if (ForeignSocket::can_open(ForeignSocket::Kind::local_datagram)) {
    refused(ForeignSocket(ForeignSocket::Kind::local_datagram), [](const SystemError& error) {
      CHECK(dynamic_cast<const UnsupportedAddressFamily*>(&error) != nullptr);
    });
  } else {
    coil::testing::note_lack("a local socket", "this system has none");
  }
  refused(ForeignSocket(ForeignSocket::Kind::stream), [](const SystemError& error) {
    CHECK(dynamic_cast<const UnsupportedSocketType*>(&error) != nullptr);
  });
  auto body = [&]() -> Task<void> {
    auto port = adoptDatagramPort(*reactor, sound.handle(), protocol);
    co_await port->stopListening();
  };
  run(*reactor, body());
  CHECK(protocol->seen == Strings{"start", "stop"});
}

}  // namespace
