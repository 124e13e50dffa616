// Covers: datagram_port.h, datagram.h: UDP sockets that others have opened.
#include <arpa/inet.h>
#include <coil/net.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "support/contract.h"
#include "support/datagram_probe.h"

using namespace coil;
using coil::testing::DatagramProbe;
using coil::testing::Strings;
using coil::testing::until;

namespace {

// A socket of the test's own.
class Foreign {
 public:
  Foreign(int family, int type) : descriptor_(::socket(family, type, 0)) {
    REQUIRE(descriptor_ >= 0);
  }
  Foreign(const Foreign&) = delete;
  Foreign& operator=(const Foreign&) = delete;
  ~Foreign() { close(); }

  void bind_to_loopback() {
    sockaddr_in here = {};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0);
  }
  std::uint16_t port() const {
    sockaddr_in here = {};
    socklen_t size = sizeof here;
    REQUIRE(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&here), &size) == 0);
    return ntohs(here.sin_port);
  }
  NativeHandle handle() const { return NativeHandle(descriptor_); }
  void close() {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

 private:
  int descriptor_;
};

// Where sockets of the system can be served.
bool takes_foreign(Reactor& reactor) { return reactor.name() != "simulated"; }

TEST_CASE("an adopted port serves its socket, which the caller may close at once") {
  COIL_CONTRACT(reactor);
  if (!takes_foreign(*reactor)) return;
  auto body = [&]() -> Task<void> {
    Foreign foreign(AF_INET, SOCK_DGRAM);
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
    Foreign foreign(AF_INET, SOCK_DGRAM);
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
  auto refused = [&](const Foreign& foreign, auto check) {
    try {
      adoptDatagramPort(*reactor, foreign.handle(), protocol);
      FAIL("adopted");
    } catch (const SystemError& error) {
      check(error);
    }
  };
  Foreign sound(AF_INET, SOCK_DGRAM);
  if (!takes_foreign(*reactor)) {
    refused(sound, [](const SystemError& error) { CHECK(error.code() == Errc::not_supported); });
    return;
  }
  Foreign closed(AF_INET, SOCK_DGRAM);
  closed.close();
  refused(closed,
          [](const SystemError& error) { CHECK(error.code() == std::errc::bad_file_descriptor); });
  refused(Foreign(AF_UNIX, SOCK_DGRAM), [](const SystemError& error) {
    CHECK(dynamic_cast<const UnsupportedAddressFamily*>(&error) != nullptr);
  });
  refused(Foreign(AF_INET, SOCK_STREAM), [](const SystemError& error) {
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
