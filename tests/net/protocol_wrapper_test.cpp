// What a wrapper passes on, both ways, and what it lets go.
#include <coil/net.h>
#include <doctest/doctest.h>

#include <coil/testing/accumulating_protocol.h>
#include <coil/testing/memory_connection.h>

#include <array>
#include <memory>
#include <string>

using namespace coil;
using namespace coil::testing;

namespace {

const Address peer = Address::loopback(5000);

using Accumulating = AccumulatingProtocol;

class HalfCloseable : public Accumulating, public HalfCloseableProtocol {
 public:
  void readConnectionLost() override { heard += "read "; }
  void writeConnectionLost() override { heard += "write "; }
  std::string heard;
};

// Hands out what a test gives it, and notes what it is told.
class Given : public Factory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override { return next; }
  void startFactory() override { heard += "start "; }
  void stopFactory() override { heard += "stop "; }
  std::shared_ptr<Protocol> next = std::make_shared<Accumulating>();
  std::string heard;
};

// A producer that counts what it is told.
class Tap : public Producer {
 public:
  void resumeProducing() override { ++resumed; }
  void pauseProducing() override { ++paused; }
  void stopProducing() override { ++stopped; }
  int resumed = 0;
  int paused = 0;
  int stopped = 0;
};

TEST_CASE("a wrapper passes the calls of the transport on, and then lets its protocol go") {
  auto given = std::make_shared<Given>();
  auto inner = std::make_shared<Accumulating>();
  given->next = inner;
  auto factory = std::make_shared<WrappingFactory>(given);
  auto client = std::make_shared<Accumulating>();
  auto built = factory->buildProtocol(peer);
  auto wrapper = std::dynamic_pointer_cast<ProtocolWrapper>(built);
  REQUIRE(wrapper != nullptr);
  CHECK(wrapper->wrapped() == inner);
  CHECK(factory->connections() == 1);
  const auto connection = connect_in_memory(client, built);
  CHECK(inner->made);
  CHECK(&inner->line() == wrapper.get());
  client->line().write("hello");
  connection->flush();
  CHECK(inner->data == "hello");
  inner->line().loseConnection();
  connection->flush();
  CHECK(inner->closed);
  CHECK(inner->closed_reason.check<ConnectionDone>());
  CHECK(wrapper->wrapped() == nullptr);
  CHECK(factory->connections() == 0);
  given->next.reset();
  CHECK(inner.use_count() == 1);
}

TEST_CASE("a wrapper passes the calls of the protocol on") {
  auto given = std::make_shared<Given>();
  auto inner = std::make_shared<Accumulating>();
  given->next = inner;
  auto factory = std::make_shared<WrappingFactory>(given);
  auto client = std::make_shared<Accumulating>();
  MemoryConnection connection(client, factory->buildProtocol(peer));
  Transport& below = connection.server_transport();
  Transport& line = inner->line();
  REQUIRE(&line != &below);

  line.write("one ");
  const std::array<ConstBytes, 2> pieces = {"two ", "three"};
  line.writeSequence(pieces);
  CHECK(line.buffered_bytes() == 13);
  CHECK(below.buffered_bytes() == 13);
  connection.flush();
  CHECK(client->data == "one two three");

  CHECK(line.getPeer() == below.getPeer());
  CHECK(line.getHost() == below.getHost());
  CHECK(line.getHost() != line.getPeer());
  line.setTcpNoDelay(true);
  CHECK(below.getTcpNoDelay());
  CHECK(line.getTcpNoDelay());
  line.setTcpKeepAlive(true);
  CHECK(below.getTcpKeepAlive());
  CHECK(line.getTcpKeepAlive());

  line.pauseProducing();
  CHECK(below.pauses().size() == 1);
  CHECK(line.pauses().size() == 1);
  line.resumeProducing();
  CHECK(below.pauses().empty());

  line.set_water_marks(WaterMarks().set_high(3).set_low(0));
  Tap tap;
  line.registerProducer(tap, true);
  line.write("four");
  CHECK(tap.paused == 1);
  connection.flush();
  CHECK(tap.resumed == 1);
  line.unregisterProducer();
  line.write("five");
  CHECK(tap.paused == 1);

  CHECK_THROWS_AS(line.detach({}), std::logic_error);
  CHECK(factory->connections() == 1);
  CHECK_FALSE(line.disconnecting());
  line.abortConnection();
  CHECK(line.disconnecting());
  connection.flush();
  CHECK(inner->closed_reason.check<ConnectionAborted>());
}

TEST_CASE("a wrapper is half-closeable exactly if its protocol is") {
  auto given = std::make_shared<Given>();
  auto factory = std::make_shared<WrappingFactory>(std::make_shared<WrappingFactory>(given));
  auto plain = factory->buildProtocol(peer);
  CHECK(dynamic_cast<HalfCloseableProtocol*>(plain.get()) == nullptr);

  auto inner = std::make_shared<HalfCloseable>();
  given->next = inner;
  auto client = std::make_shared<HalfCloseable>();
  MemoryConnection connection(client, factory->buildProtocol(peer));
  client->line().loseWriteConnection();
  connection.flush();
  CHECK(inner->heard == "read ");
  CHECK_FALSE(inner->closed);
  inner->line().loseWriteConnection();
  connection.flush();
  CHECK(inner->heard == "read write ");
}

TEST_CASE("a wrapper that is the producer of another transport leaves it with its connection") {
  auto given = std::make_shared<Given>();
  auto inner = std::make_shared<Accumulating>();
  given->next = inner;
  auto factory = std::make_shared<WrappingFactory>(given);
  const auto wrapper = factory->buildProtocol(peer);  // Kept: its end would leave as well.
  MemoryConnection source(std::make_shared<Accumulating>(), wrapper);
  auto sender = std::make_shared<Accumulating>();
  MemoryConnection sink(std::make_shared<Accumulating>(), sender);
  sender->line().registerProducer(inner->line(), true);
  sender->line().loseConnection();  // Waits for the producer.
  sink.flush();
  CHECK(sink.open());
  source.client_transport().loseConnection();
  source.flush();
  sink.flush();
  CHECK_FALSE(sink.open());
}

TEST_CASE("a wrapper that stops producing ends its connection") {
  auto given = std::make_shared<Given>();
  auto factory = std::make_shared<WrappingFactory>(given);
  auto built = std::dynamic_pointer_cast<ProtocolWrapper>(factory->buildProtocol(peer));
  MemoryConnection connection(std::make_shared<Accumulating>(), built);
  built->stopProducing();
  connection.flush();
  CHECK_FALSE(connection.open());
}

TEST_CASE("the names of a protocol and of its wrapper are shown together") {
  auto factory = std::make_shared<WrappingFactory>(std::make_shared<Given>());
  CHECK(Accumulating().logPrefix() == "coil::testing::AccumulatingProtocol");
  CHECK(factory->buildProtocol(peer)->logPrefix() ==
        "coil::testing::AccumulatingProtocol (coil::ProtocolWrapper)");
}

TEST_CASE("a protocol that was never connected is counted no more when it is dropped") {
  auto factory = std::make_shared<WrappingFactory>(std::make_shared<Given>());
  auto first = factory->buildProtocol(peer);
  auto second = factory->buildProtocol(peer);
  CHECK(factory->connections() == 2);
  first.reset();
  CHECK(factory->connections() == 1);
}

TEST_CASE("a wrapping factory passes on what it is told, and a refusal") {
  auto given = std::make_shared<Given>();
  auto factory = std::make_shared<WrappingFactory>(given);
  factory->doStart();
  factory->doStart();
  factory->doStop();
  CHECK(given->heard == "start ");
  factory->doStop();
  CHECK(given->heard == "start stop ");
  given->next.reset();
  CHECK(factory->buildProtocol(peer) == nullptr);
  CHECK(factory->connections() == 0);
}

}  // namespace
