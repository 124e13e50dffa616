// Covers: datagram_port.h, datagram.h: groups, on both faces.
#include <coil/net.h>

#include <memory>
#include <string>
#include <vector>

#include "support/contract.h"
#include "support/datagram_probe.h"
#include "support/wine.h"

using namespace coil;
using coil::testing::DatagramProbe;
using coil::testing::Strings;
using coil::testing::until;
using coil::testing::wine_lacks;

namespace {

const IpAddress group = *IpAddress::parse("239.255.77.2");
const IpAddress group_v6 = *IpAddress::parse("ff15::4d4d");
const IpAddress loopback = *IpAddress::parse("127.0.0.1");

bool wine_joins_all(Reactor& reactor) {
  return wine_lacks(reactor, "groups of one's own", "there a socket hears what others joined");
}

// A port whose groups are those of the loopback interface, which carries them everywhere.
class Member {
 public:
  Member(Reactor& reactor, std::uint16_t number)
      : port(listenMulticast(reactor, Address::any(number), probe,
                             DatagramPortOptions().set_listen_multiple(true))) {
    port->setOutgoingInterface(loopback);
  }
  Deferred<void> join() { return port->joinGroup(group, loopback); }
  Deferred<void> leave() { return port->leaveGroup(group, loopback); }

  std::shared_ptr<DatagramProbe> probe = std::make_shared<DatagramProbe>();
  std::shared_ptr<DatagramTransport> port;
};

template <class Face>
void check_settings(Face settings) {
  CHECK(settings.hops() == 1);
  settings.set_hops(7);
  CHECK(settings.hops() == 7);
  CHECK_THROWS_AS(settings.set_hops(256), SystemError);
  CHECK(settings.hops() == 7);
  CHECK(settings.loop());
  settings.set_loop(false);
  CHECK_FALSE(settings.loop());
}

class PortSettings {
 public:
  explicit PortSettings(DatagramTransport& port) : port_(port) {}
  void set_hops(int hops) { port_.setTTL(hops); }
  int hops() { return port_.getTTL(); }
  void set_loop(bool on) { port_.setLoopbackMode(on); }
  bool loop() { return port_.getLoopbackMode(); }

 private:
  DatagramTransport& port_;
};

class SocketSettings {
 public:
  explicit SocketSettings(DatagramSocket& socket) : socket_(socket) {}
  void set_hops(int hops) { socket_.set(MulticastHops(hops)); }
  int hops() { return socket_.get<MulticastHops>().value(); }
  void set_loop(bool on) { socket_.set(MulticastLoop(on)); }
  bool loop() { return socket_.get<MulticastLoop>().on(); }

 private:
  DatagramSocket& socket_;
};

TEST_CASE("hops, loopback and the outgoing interface are set and read back") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    for (const Address& local : {Address::any(0), Address::any_v6(0)}) {
      const bool v6 = local.ip().is_v6();
      const IpAddress first = v6 ? *IpAddress::parse("::%1") : loopback;
      const IpAddress other = v6 ? loopback : *IpAddress::parse("::%1");
      auto port = listenUDP(*reactor, local, std::make_shared<DatagramProbe>());
      DatagramSocket socket = DatagramSocket::bind(*reactor, local);
      check_settings(PortSettings(*port));
      check_settings(SocketSettings(socket));
      CHECK(port->getOutgoingInterface() == local.ip());
      port->setOutgoingInterface(first);
      CHECK(port->getOutgoingInterface() == first);
      port->setOutgoingInterface(local.ip());
      CHECK(port->getOutgoingInterface() == local.ip());
      CHECK_THROWS_AS(port->setOutgoingInterface(other), InvalidAddressError);
      socket.set_outgoing_interface(first);
      CHECK(socket.outgoing_interface() == first);
      co_await port->stopListening();
      CHECK_THROWS_AS(port->setTTL(1), HandleClosed);
    }
    DatagramSocket v6 = DatagramSocket::bind(*reactor, Address::any_v6(0));
    CHECK_THROWS_AS(v6.set_outgoing_interface(Address::loopback_v6(0).ip()), InvalidAddressError);
  };
  run(*reactor, body());
}

TEST_CASE("two ports share an address, and both hear the group that they joined") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Member one(*reactor, 0);
    const std::uint16_t number = one.port->getHost().port();
    Member two(*reactor, number);
    auto sole = std::make_shared<DatagramProbe>();
    CHECK_THROWS_AS(listenMulticast(*reactor, Address::any(number), sole), CannotListenError);
    co_await one.join();
    co_await two.join();
    one.port->write("all", Address(group, number));
    co_await until([&] { return one.probe->seen.size() >= 2 && two.probe->seen.size() >= 2; });
    CHECK(one.probe->seen == Strings{"start", "all"});
    CHECK(two.probe->seen == Strings{"start", "all"});
    co_await one.port->stopListening();
    co_await two.port->stopListening();
  };
  run(*reactor, body());
}

TEST_CASE("a port that left a group hears it no more, although others do") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    Member stays(*reactor, 0);
    const std::uint16_t number = stays.port->getHost().port();
    Member leaves(*reactor, number);
    co_await stays.join();
    co_await leaves.join();
    // What it goes on to hear.
    const IpAddress mark = *IpAddress::parse("239.255.77.3");
    co_await leaves.port->joinGroup(mark, loopback);
    co_await leaves.leave();
    if (!wine_joins_all(*reactor)) {
      stays.port->write("for members", Address(group, number));
      stays.port->write("mark", Address(mark, number));
      co_await until([&] { return leaves.probe->last() == "mark"; });
      CHECK(leaves.probe->seen == Strings{"start", "mark"});
      co_await until([&] { return stays.probe->seen.size() >= 2; });
      CHECK(stays.probe->seen == Strings{"start", "for members"});
    }
    const auto again = co_await as_result(leaves.leave());
    CHECK(again.error().failure().check<MulticastJoinError>());
    co_await leaves.port->stopListening();
    co_await stays.port->stopListening();
  };
  run(*reactor, body());
}

TEST_CASE("with the loopback mode off members on this machine hear nothing of it") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramSocket member = DatagramSocket::bind(*reactor, Address::any(0));
    const Address to(group, member.local_address().port());
    member.set(MulticastLoop(false));
    try {
      // Not by the loopback interface, which knows nothing else than to loop.
      member.join_group(group);
      co_await member.send("quiet", to);
    } catch (const SystemError& error) {
      coil::testing::note_lack("the loopback mode", error.what());  // No interface carries it.
      co_return;
    }
    member.set(MulticastLoop(true));
    co_await member.send("loud", to);
    std::array<std::byte, 8> buffer;
    const Datagram got = co_await member.receive(buffer);
    CHECK(as_text(ConstBytes(buffer).first(got.size())) == "loud");
  };
  run(*reactor, body());
}

TEST_CASE("joining what is no group, or where there is no interface, fails with its own error") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto port = listenUDP(*reactor, Address::any(0), std::make_shared<DatagramProbe>());
    DatagramSocket socket = DatagramSocket::bind(*reactor, Address::any(0));
    const IpAddress scope_only = *IpAddress::parse("::%1");
    std::vector<std::pair<IpAddress, IpAddress>> wrong;
    wrong.emplace_back(loopback, loopback);
    wrong.emplace_back(group_v6, IpAddress());
    wrong.emplace_back(group, scope_only);
    for (const auto& [to, on] : wrong) {
      const auto joined = co_await as_result(port->joinGroup(to, on));
      CHECK(joined.error().failure().check<MulticastJoinError>());
      const auto left = co_await as_result(port->leaveGroup(to, on));
      CHECK(left.error().failure().check<MulticastJoinError>());
      CHECK_THROWS_AS(socket.join_group(to, on), MulticastJoinError);
      CHECK_THROWS_AS(socket.leave_group(to, on), MulticastJoinError);
    }
    const auto never_joined = co_await as_result(port->leaveGroup(group, loopback));
    CHECK(never_joined.error().failure().check<MulticastJoinError>());
    co_await port->stopListening();
    const auto too_late = co_await as_result(port->joinGroup(group, loopback));
    CHECK(too_late.error().failure().check<MulticastJoinError>());
    CHECK(too_late.error().code() == Errc::handle_closed);
  };
  run(*reactor, body());
}

TEST_CASE("groups of IPv6 are joined, heard and left") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    DatagramOptions shared = DatagramOptions().set_reuse_port(true);
    DatagramSocket stays = DatagramSocket::bind(*reactor, Address::any_v6(0), shared);
    DatagramSocket leaves = DatagramSocket::bind(*reactor, stays.local_address(), shared);
    const std::uint16_t number = stays.local_address().port();
    const IpAddress mark = *IpAddress::parse("ff15::4d4e");
    try {
      stays.join_group(group_v6);
      leaves.join_group(group_v6);
      leaves.join_group(mark);
      co_await stays.send("all", Address(group_v6, number));
    } catch (const SystemError& error) {
      coil::testing::note_lack("IPv6 multicast", error.what());  // No interface here carries it.
      co_return;
    }
    std::array<std::byte, 16> buffer;
    CHECK((co_await stays.receive(buffer)).size() == 3);
    CHECK((co_await leaves.receive(buffer)).size() == 3);
    leaves.leave_group(group_v6);
    CHECK_THROWS_AS(leaves.leave_group(group_v6), MulticastJoinError);
    if (wine_joins_all(*reactor)) co_return;
    co_await stays.send("for members", Address(group_v6, number));
    co_await stays.send("mark", Address(mark, number));
    CHECK((co_await leaves.receive(buffer)).size() == 4);
    CHECK((co_await stays.receive(buffer)).size() == 11);
  };
  run(*reactor, body());
}

}  // namespace
