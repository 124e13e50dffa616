// The examples of datagram_port.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <array>
#include <memory>

using namespace coil;

namespace {

const IpAddress group = *IpAddress::parse("239.255.77.5");

// [group]
class Member : public DatagramProtocol {
  void startProtocol() override {
    transport().setTTL(5);
    transport().joinGroup(group);  // A failure that nobody takes care of is reported.
  }
  void datagramReceived(ConstBytes data, const Address& peer) override {
    if (as_text(data) == "who is there?") transport().write("me", peer);
  }
};
// [/group]

}  // namespace

TEST_CASE("group") {
  const auto reactor_owner = make_reactor();
  Reactor& reactor = *reactor_owner;
  auto protocol = std::make_shared<Member>();
  // [options]
  auto options = DatagramPortOptions().set_max_packet_size(1500).set_listen_multiple(true);
  auto port = listenUDP(reactor, Address::any(0), protocol, options);
  // [/options]
  auto ask = [&]() -> Task<void> {
    const Address there = Address::loopback(port->getHost().port());
    DatagramSocket client = DatagramSocket::bind(reactor, Address::loopback(0));
    co_await client.send("who is there?", there);
    std::array<std::byte, 8> buffer;
    const Datagram answer = co_await client.receive(buffer);
    CHECK(as_text(ConstBytes(buffer).first(answer.size())) == "me");
    CHECK(port->getTTL() == 5);
    co_await port->stopListening();
  };
  run(reactor, ask());
}
