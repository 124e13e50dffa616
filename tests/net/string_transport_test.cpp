// Covers: testing/string_transport.h.
#include <coil/net/tcp.h>
#include <coil/runtime.h>
#include <coil/testing/string_transport.h>
#include <doctest/doctest.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

using namespace coil;
using namespace coil::testing;

namespace {

using Strings = std::vector<std::string>;
using Reading = StringTransport::Reading;

class NotingProducer : public Producer {
 public:
  explicit NotingProducer(Strings& notes) : seen(notes) {}
  void resumeProducing() override { seen.push_back("resume"); }
  void pauseProducing() override { seen.push_back("pause"); }
  void stopProducing() override { seen.push_back("stop"); }
  Strings& seen;
};

class NotingProtocol : public Protocol {
 public:
  explicit NotingProtocol(Strings& notes) : seen(notes) {}
  void dataReceived(ConstBytes) override {}
  void connectionLost(const Failure& reason) override {
    seen.push_back("lost");
    why = reason;
  }
  Strings& seen;
  Failure why;
};

TEST_CASE("what is written is recorded until it is cleared") {
  StringTransport transport;
  transport.write("one ");
  const std::array<ConstBytes, 2> pieces = {"two ", "three"};
  transport.writeSequence(pieces);
  transport.write("");
  CHECK(transport.value() == "one two three");
  CHECK(transport.buffered_bytes() == 0);
  transport.clear();
  CHECK(transport.value() == "");
  transport.write("new");
  CHECK(transport.value() == "new");
}

TEST_CASE("the addresses are fixed, unless the test gives others") {
  const StringTransport transport;
  CHECK(transport.getHost() == Address::parse("10.0.0.1:12345"));
  CHECK(transport.getPeer() == Address::parse("192.168.1.1:54321"));
  const StringTransport other(Address::loopback(1), Address::loopback(2));
  CHECK(other.getHost() == Address::loopback(1));
  CHECK(other.getPeer() == Address::loopback(2));
}

TEST_CASE("an end is a flag, after which writes are dropped") {
  StringTransport transport;
  CHECK_FALSE(transport.disconnecting());
  transport.loseConnection();
  CHECK(transport.disconnecting());
  CHECK_FALSE(transport.aborting());
  transport.write("late");
  CHECK(transport.value() == "");
  StringTransport aborted;
  aborted.abortConnection();
  CHECK(aborted.disconnecting());
  CHECK(aborted.aborting());
  StringTransport half;
  half.loseWriteConnection();
  half.write("late");
  CHECK(half.value() == "");
  CHECK(half.write_closed());
  CHECK_FALSE(half.disconnecting());
}

TEST_CASE("reading is paused, resumed and stopped; a stop and an end are final") {
  StringTransport transport;
  CHECK(transport.reading() == Reading::producing);
  CHECK(transport.pauses().empty());
  transport.pauseProducing();
  CHECK(transport.reading() == Reading::paused);
  REQUIRE(transport.pauses().size() == 1);
  CHECK(transport.pauses()[0].who == Pause::Who::reading);
  transport.resumeProducing();
  CHECK(transport.reading() == Reading::producing);
  transport.stopProducing();
  CHECK(transport.reading() == Reading::stopped);
  CHECK_THROWS_AS(transport.pauseProducing(), std::logic_error);
  CHECK_THROWS_AS(transport.resumeProducing(), std::logic_error);
  CHECK_THROWS_AS(transport.stopProducing(), std::logic_error);
  CHECK(transport.reading() == Reading::stopped);
  StringTransport closed;
  closed.loseConnection();
  CHECK_THROWS_AS(closed.pauseProducing(), std::logic_error);
  CHECK_THROWS_AS(closed.resumeProducing(), std::logic_error);
  CHECK_THROWS_AS(closed.stopProducing(), std::logic_error);
  CHECK(closed.reading() == Reading::producing);
}

TEST_CASE("one producer at a time is registered, and only a registered one is unregistered") {
  Strings seen;
  StringTransport transport;
  NotingProducer first(seen);
  NotingProducer second(seen);
  CHECK_THROWS_AS(transport.unregisterProducer(), std::logic_error);
  transport.registerProducer(first, true);
  CHECK_THROWS_AS(transport.registerProducer(second, true), std::logic_error);
  CHECK_THROWS_AS(transport.registerProducer(first, true), std::logic_error);
  CHECK(transport.producer().streaming());
  transport.unregisterProducer();
  CHECK_THROWS_AS(transport.unregisterProducer(), std::logic_error);
  transport.registerProducer(second, true);
  CHECK(transport.producer().registered());
  CHECK(seen.empty());
}

TEST_CASE("a test pauses, resumes and stops a streaming producer, and asks another for pieces") {
  Strings seen;
  StringTransport transport;
  NotingProducer producer(seen);
  transport.registerProducer(producer, true);
  transport.producer().pause();
  REQUIRE(transport.pauses().size() == 1);
  CHECK(transport.pauses()[0].who == Pause::Who::producer);
  transport.producer().resume();
  transport.producer().stop();
  CHECK(seen == Strings{"pause", "resume", "stop"});
  CHECK_FALSE(transport.producer().registered());
  transport.registerProducer(producer, false);
  CHECK(seen.size() == 4);
  CHECK(seen.back() == "resume");
  transport.producer().resume();
  CHECK(seen.size() == 5);
}

TEST_CASE("a producer that comes after the end is stopped, and one that goes is unregistered") {
  Strings seen;
  StringTransport transport;
  {
    NotingProducer brief(seen);
    transport.registerProducer(brief, true);
  }
  CHECK_FALSE(transport.producer().registered());
  transport.loseConnection();
  NotingProducer late(seen);
  transport.registerProducer(late, true);
  CHECK(seen == Strings{"stop"});
  CHECK_FALSE(transport.producer().registered());
}

TEST_CASE("what a producer makes after the end is wanted until it is unregistered") {
  Strings seen;
  StringTransport transport;
  NotingProducer producer(seen);
  transport.registerProducer(producer, true);
  transport.loseConnection();
  transport.loseWriteConnection();
  transport.write("last");
  CHECK(transport.value() == "last");
  transport.unregisterProducer();
  transport.write("late");
  CHECK(transport.value() == "last");
  StringTransport aborted;
  aborted.registerProducer(producer, true);
  aborted.abortConnection();
  aborted.write("late");
  CHECK(aborted.value() == "");
}

TEST_CASE("the options of a connection are remembered") {
  StringTransport transport;
  CHECK_FALSE(transport.getTcpNoDelay());
  CHECK_FALSE(transport.getTcpKeepAlive());
  transport.setTcpNoDelay(true);
  CHECK(transport.getTcpNoDelay());
  CHECK_FALSE(transport.getTcpKeepAlive());
  transport.setTcpKeepAlive(true);
  CHECK(transport.getTcpKeepAlive());
  transport.set_water_marks(WaterMarks().set_high(7));
  CHECK(transport.water_marks().high_bytes == 7);
}

TEST_CASE("detach remembers what was given back and ends the connection for its protocol") {
  StringTransport transport;
  CHECK(transport.detached() == std::nullopt);
  Deferred<TcpStream> stream = transport.detach("rest");
  CHECK(stream.called());
  CHECK(transport.detached() == "rest");
  CHECK(transport.disconnecting());
  CHECK_THROWS_AS(transport.detach(""), std::logic_error);
  StringTransport closed;
  closed.loseConnection();
  CHECK_THROWS_AS(closed.detach(""), std::logic_error);
  Strings seen;
  NotingProducer producer(seen);
  StringTransport produces;
  produces.registerProducer(producer, true);
  CHECK_THROWS_AS(produces.detach(""), std::logic_error);
}

TEST_CASE("drain returns at once, and fails after the end") {
  const auto reactor = make_reactor();
  auto all = []() -> Task<void> {
    StringTransport transport;
    co_await transport.drain();
    transport.loseConnection();
    const Result<> drained = co_await as_result(transport.drain());
    CHECK(drained.error().code() == Errc::connection_done);
  };
  run(*reactor, all());
}

TEST_CASE("the disconnecting one stops the producer and tells the protocol, once") {
  Strings seen;
  NotingProtocol protocol(seen);
  NotingProducer producer(seen);
  StringTransportWithDisconnection transport(protocol);
  protocol.makeConnection(transport);
  CHECK(protocol.connected());
  transport.registerProducer(producer, true);
  transport.loseConnection();
  CHECK(seen == Strings{"stop", "lost"});
  CHECK(protocol.why.check<ConnectionDone>());
  CHECK(transport.disconnecting());
  transport.loseConnection();
  transport.abortConnection();
  CHECK(seen.size() == 2);
  CHECK_FALSE(transport.aborting());
  NotingProtocol other(seen);
  StringTransportWithDisconnection aborted(other);
  aborted.abortConnection();
  CHECK(other.why.check<ConnectionAborted>());
  CHECK(aborted.aborting());
  aborted.loseConnection();
  CHECK(seen.size() == 3);
}

}  // namespace
