// Which connections are refused, and when there is room again.
#include <coil/net.h>
#include <doctest/doctest.h>

#include <coil/testing/accumulating_protocol.h>
#include <coil/testing/memory_connection.h>

#include <memory>

using namespace coil;
using namespace coil::testing;

namespace {

class Busy : public Factory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    ++refused;
    return std::make_shared<AccumulatingProtocol>();
  }
  void startFactory() override { started = true; }
  void stopFactory() override { started = false; }
  int refused = 0;
  bool started = false;
};

Address from(const char* address) { return Address::parse(address).value(); }

std::shared_ptr<Factory> listeners() { return Factory::forProtocol<AccumulatingProtocol>(); }

TEST_CASE("connections beyond the limit are refused until one has ended") {
  auto factory = std::make_shared<LimitTotalConnections>(listeners(), 2);
  const Address peer = Address::loopback(5000);
  auto first = factory->buildProtocol(peer);
  MemoryConnection connection(std::make_shared<AccumulatingProtocol>(), first);
  auto second = factory->buildProtocol(peer);
  CHECK(second != nullptr);
  CHECK(factory->buildProtocol(peer) == nullptr);
  connection.client_transport().loseConnection();
  connection.flush();
  auto third = factory->buildProtocol(peer);
  CHECK(third != nullptr);
  CHECK(factory->buildProtocol(peer) == nullptr);
}

TEST_CASE("the overflow factory serves what is beyond the limit, and does not count") {
  auto busy = std::make_shared<Busy>();
  auto factory = std::make_shared<LimitTotalConnections>(listeners(), 1, busy);
  factory->doStart();
  CHECK(busy->started);
  const Address peer = Address::loopback(5000);
  auto served = factory->buildProtocol(peer);
  auto overflow = factory->buildProtocol(peer);
  CHECK(overflow != nullptr);
  CHECK(busy->refused == 1);
  CHECK(factory->connections() == 1);
  served.reset();
  served = factory->buildProtocol(peer);
  CHECK(busy->refused == 1);
  factory->doStop();
  CHECK_FALSE(busy->started);
}

TEST_CASE("each peer has its own limit, whatever ports it uses") {
  auto factory = std::make_shared<LimitConnectionsByPeer>(listeners(), 2);
  auto one = factory->buildProtocol(from("10.0.0.1:1"));
  auto two = factory->buildProtocol(from("10.0.0.1:2"));
  CHECK(factory->buildProtocol(from("10.0.0.1:3")) == nullptr);
  auto other = factory->buildProtocol(from("10.0.0.2:1"));
  CHECK(other != nullptr);
  other.reset();
  CHECK(factory->buildProtocol(from("10.0.0.1:3")) == nullptr);
  one.reset();
  one = factory->buildProtocol(from("10.0.0.1:3"));
  CHECK(one != nullptr);
  CHECK(factory->buildProtocol(from("10.0.0.1:4")) == nullptr);
}

}  // namespace
