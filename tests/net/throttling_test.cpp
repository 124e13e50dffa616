// How much goes through a throttle in how much time. Covers: token_bucket.h.
#include <coil/net.h>
#include <doctest/doctest.h>

#include <coil/testing/accumulating_protocol.h>
#include <coil/testing/clock.h>
#include <coil/testing/memory_connection.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

TEST_CASE("a bucket allows what a second saves up, and then its rate") {
  Clock clock;
  TokenBucket bucket(clock, 1000);
  bucket.spend(1000);
  CHECK(bucket.wait() == Duration::zero());
  bucket.spend(500);
  CHECK(bucket.wait() == milliseconds(500));
  clock.advance(milliseconds(200));
  CHECK(bucket.wait() == milliseconds(300));
  bucket.spend(1000);
  CHECK(bucket.wait() == milliseconds(1300));
  clock.advance(seconds(60));
  bucket.spend(1001);
  CHECK(bucket.wait() == milliseconds(1));
}

TEST_CASE("what is used of a bucket is used of its parent's rate") {
  Clock clock;
  auto parent = std::make_shared<TokenBucket>(clock, 1000);
  TokenBucket one(clock, 1000, parent);
  TokenBucket other(clock, 1000, parent);
  one.spend(1000);
  CHECK(other.wait() == Duration::zero());
  other.spend(1000);
  CHECK(other.wait() == seconds(1));
  CHECK(one.wait() == seconds(1));
  clock.advance(seconds(1));
  CHECK(one.wait() == Duration::zero());
}

TEST_CASE("the rate holds for pieces of any size") {
  Clock clock;
  TokenBucket fast(clock, 3'000'000'000);
  for (int byte = 0; byte < 3000; ++byte) fast.spend(1);
  fast.spend(3'000'000'000);
  CHECK(fast.wait() >= std::chrono::microseconds(1));
  TokenBucket slow(clock, 1'000'000'000);
  slow.spend(40'000'000'000);
  CHECK(slow.wait() == seconds(39));
}

TEST_CASE("a rate of zero is refused") {
  Clock clock;
  CHECK_THROWS_AS(TokenBucket(clock, 0), std::invalid_argument);
}

// A factory under a limit, and what connects to it.
class Shop {
 public:
  class Customer {
   public:
    explicit Customer(std::shared_ptr<Protocol> built)
        : wrapper(std::dynamic_pointer_cast<ThrottlingProtocol>(built)),
          inner(std::dynamic_pointer_cast<AccumulatingProtocol>(wrapper->wrapped())),
          connection(std::make_unique<MemoryConnection>(client, std::move(built))) {}
    std::shared_ptr<AccumulatingProtocol> client = std::make_shared<AccumulatingProtocol>();
    std::shared_ptr<ThrottlingProtocol> wrapper;
    std::shared_ptr<AccumulatingProtocol> inner;
    std::unique_ptr<MemoryConnection> connection;
  };

  static ThrottlingLimits reads(Clock& clock) {
    return ThrottlingLimits().set_reads(std::make_shared<TokenBucket>(clock, 100));
  }
  static ThrottlingLimits writes(Clock& clock) {
    return ThrottlingLimits().set_writes(std::make_shared<TokenBucket>(clock, 100));
  }

  explicit Shop(ThrottlingLimits (*limits)(Clock&))
      : factory(std::make_shared<ThrottlingFactory>(
            clock, Factory::forProtocol<AccumulatingProtocol>(), limits(clock))) {}

  Customer enter() { return Customer(factory->buildProtocol(Address::loopback(1))); }

  Clock clock;
  std::shared_ptr<ThrottlingFactory> factory;
};

TEST_CASE("reads pause when the rate is used up, and go on when it allows more") {
  Shop shop(&Shop::reads);
  Shop::Customer customer = shop.enter();
  customer.connection->set_piece_max(40);
  customer.client->line().write(std::string(1000, 'x'));
  std::vector<std::size_t> read_by;
  for (int second = 0; second < 4; ++second) {
    customer.connection->flush();
    read_by.push_back(customer.inner->data.size());
    shop.clock.advance(milliseconds(400));
    customer.connection->flush();
    shop.clock.advance(milliseconds(600));
  }
  // A saved-up second and one piece more; then 100 bytes a second, in pieces.
  CHECK(read_by == std::vector<std::size_t>{120, 240, 320, 440});
  shop.clock.advance(milliseconds(200));
  customer.connection->flush();
  CHECK(shop.clock.getDelayedCalls().size() == 1);
}

TEST_CASE("all connections share the rate, and none is left out") {
  Shop shop(&Shop::reads);
  std::vector<Shop::Customer> customers;
  for (int index = 0; index < 3; ++index) customers.push_back(shop.enter());
  for (Shop::Customer& customer : customers) {
    customer.connection->set_piece_max(50);
    customer.client->line().write(std::string(1000, 'x'));
  }
  auto read = [&] {
    std::vector<std::size_t> sizes;
    for (Shop::Customer& customer : customers) {
      customer.connection->flush();
      sizes.push_back(customer.inner->data.size());
    }
    return sizes;
  };
  CHECK(read() == std::vector<std::size_t>{150, 50, 50});
  shop.clock.advance(milliseconds(1490));
  CHECK(read() == std::vector<std::size_t>{150, 50, 50});
  shop.clock.advance(milliseconds(10));
  CHECK(read() == std::vector<std::size_t>{200, 100, 100});
  shop.clock.advance(milliseconds(1500));
  CHECK(read() == std::vector<std::size_t>{250, 150, 150});
}

TEST_CASE("a pause of the protocol's own outlasts that of the throttle, and the other way round") {
  Shop shop(&Shop::reads);
  Shop::Customer customer = shop.enter();
  customer.client->line().write(std::string(200, 'x'));
  customer.connection->flush();
  CHECK(customer.connection->server_transport().pauses().size() == 1);
  customer.client->line().write("more");
  customer.inner->line().pauseProducing();
  customer.inner->line().resumeProducing();
  customer.connection->flush();
  CHECK(customer.inner->data.size() == 200);  // The throttle's pause holds.
  customer.inner->line().pauseProducing();
  shop.clock.advance(seconds(1));
  customer.connection->flush();
  CHECK(customer.inner->data.size() == 200);  // The protocol's holds.
  customer.inner->line().resumeProducing();
  customer.connection->flush();
  CHECK(customer.inner->data.size() == 204);
}

// Writes a piece whenever it is asked to; a streaming one goes on until it is told to pause.
class Source : public Producer {
 public:
  Source(Transport& to, bool streaming) : to_(to), streaming_(streaming) {}
  void resumeProducing() override {
    paused_ = false;
    do {
      to_.write(std::string(30, 'x'));
    } while (streaming_ && !paused_);
  }
  void pauseProducing() override { paused_ = true; }
  void stopProducing() override { stopped = true; }
  bool stopped = false;

 private:
  Transport& to_;
  bool streaming_;
  bool paused_ = false;
};

TEST_CASE("producers pause when the rate is used up, and go on when it allows more") {
  for (const bool streaming : {true, false}) {
    CAPTURE(streaming);
    Shop shop(&Shop::writes);
    Shop::Customer customer = shop.enter();
    Source source(customer.inner->line(), streaming);
    customer.inner->line().registerProducer(source, streaming);
    if (streaming) source.resumeProducing();
    auto written = [&] {
      customer.connection->flush();
      return customer.client->data.size();
    };
    CHECK(written() == 120);
    CHECK(customer.inner->line().pauses().size() == 1);
    CHECK(customer.inner->line().pauses().at(0).who == Pause::Who::producer);
    shop.clock.advance(milliseconds(199));
    CHECK(written() == 120);
    shop.clock.advance(milliseconds(1));
    CHECK(written() == 150);
    shop.clock.advance(milliseconds(300));
    CHECK(written() == 180);
    customer.client->line().abortConnection();
    customer.connection->flush();
    CHECK(source.stopped);
    CHECK(shop.clock.getDelayedCalls().empty());
  }
}

TEST_CASE("a producer that is registered while the rate is used up begins paused") {
  Shop shop(&Shop::writes);
  Shop::Customer customer = shop.enter();
  const std::array<ConstBytes, 2> pieces = {"x", "x"};
  customer.inner->line().writeSequence(pieces);
  customer.inner->line().write(std::string(198, 'x'));
  Source source(customer.inner->line(), true);
  customer.inner->line().registerProducer(source, true);
  customer.connection->flush();
  CHECK(customer.client->data.size() == 200);  // What has no producer is not held back.
  shop.clock.advance(milliseconds(999));
  customer.connection->flush();
  CHECK(customer.client->data.size() == 200);
  shop.clock.advance(milliseconds(1));
  customer.connection->flush();
  CHECK(customer.client->data.size() == 230);
  CHECK_THROWS_AS(customer.inner->line().registerProducer(source, true), std::logic_error);
  customer.inner->line().unregisterProducer();
  customer.inner->line().loseConnection();
  customer.connection->flush();
  CHECK_FALSE(customer.connection->open());
}

TEST_CASE("an allowed producer still waits for the transport") {
  Shop shop(&Shop::writes);
  Shop::Customer customer = shop.enter();
  customer.inner->line().set_water_marks(WaterMarks().set_high(50).set_low(0));
  Source source(customer.inner->line(), true);
  customer.inner->line().registerProducer(source, true);
  customer.client->line().pauseProducing();
  source.resumeProducing();
  CHECK(customer.inner->line().buffered_bytes() == 60);
  customer.inner->line().write(std::string(100, 'x'));
  shop.clock.advance(seconds(10));
  CHECK(customer.inner->line().buffered_bytes() == 160);
  customer.client->line().resumeProducing();
  customer.connection->flush();
  CHECK(customer.client->data.size() > 160);
}

TEST_CASE("connections beyond the limit are refused") {
  Clock clock;
  auto factory =
      std::make_shared<ThrottlingFactory>(clock, Factory::forProtocol<AccumulatingProtocol>(),
                                          ThrottlingLimits().set_connections_max(1));
  auto first = factory->buildProtocol(Address::loopback(1));
  CHECK(first != nullptr);
  CHECK(factory->buildProtocol(Address::loopback(1)) == nullptr);
  first.reset();
  CHECK(factory->buildProtocol(Address::loopback(1)) != nullptr);
}

TEST_CASE("no timer is left when the last connection has ended") {
  Shop shop(&Shop::reads);
  Shop::Customer one = shop.enter();
  Shop::Customer other = shop.enter();
  CHECK(shop.clock.getDelayedCalls().empty());
  one.client->line().write(std::string(500, 'x'));
  one.connection->flush();
  CHECK(shop.clock.getDelayedCalls().size() == 1);
  other.client->line().abortConnection();
  other.connection->flush();
  CHECK(shop.clock.getDelayedCalls().size() == 1);
  one.client->line().abortConnection();
  one.connection->flush();
  CHECK(shop.clock.getDelayedCalls().empty());
}

TEST_CASE("factories that share a bucket share its rate") {
  Clock clock;
  auto bucket = std::make_shared<TokenBucket>(clock, 100);
  auto make = [&] {
    return std::make_shared<ThrottlingFactory>(clock, Factory::forProtocol<AccumulatingProtocol>(),
                                               ThrottlingLimits().set_reads(bucket));
  };
  const auto here = make();
  const auto there = make();
  Shop::Customer one(here->buildProtocol(Address::loopback(1)));
  Shop::Customer other(there->buildProtocol(Address::loopback(1)));
  one.client->line().write(std::string(100, 'x'));
  one.connection->flush();
  other.client->line().write(std::string(100, 'x'));
  other.connection->flush();
  one.client->line().write(std::string(100, 'x'));
  one.connection->flush();
  other.client->line().write("more");
  clock.advance(milliseconds(1000));
  other.connection->flush();
  CHECK(other.inner->data.size() == 100);  // The first factory used what this one waited for.
  clock.advance(milliseconds(1000));
  other.connection->flush();
  CHECK(other.inner->data.size() == 104);
}

TEST_CASE(
    "a producer that throws when the rate allows more ends its connection and no other's wait") {
  class Broken : public Producer {
   public:
    void resumeProducing() override { throw std::runtime_error("broken"); }
    void stopProducing() override {}
  };
  for (const bool broken_first : {true, false}) {
    CAPTURE(broken_first);
    Shop shop(&Shop::writes);
    Shop::Customer one = shop.enter();
    Shop::Customer other = shop.enter();
    Shop::Customer& bad = broken_first ? one : other;
    Shop::Customer& good = broken_first ? other : one;
    good.inner->line().write(std::string(200, 'x'));
    bad.inner->line().write("x");
    Source source(good.inner->line(), true);
    good.inner->line().registerProducer(source, true);
    Broken broken;
    bad.inner->line().registerProducer(broken, true);
    CHECK_THROWS_WITH(shop.clock.advance(seconds(2)), "broken");
    bad.connection->flush();
    CHECK_FALSE(bad.connection->open());
    good.connection->flush();
    CHECK(good.client->data.size() > 200);
  }
}

}  // namespace
