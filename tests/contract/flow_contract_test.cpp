// Covers: transport.h, protocol.h: when a protocol is fed, when it is held back, and its end.
#include "support/contract.h"
#include "support/dies.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

Task<void> until_served(const ProbeFactory& factory) {
  while (factory.seen.empty() || factory.seen.back() != "made") co_await yield();
}

Task<std::size_t> read_size(TcpStream& stream, std::size_t at_most) {
  std::size_t size = 0;
  while (size < at_most) {
    const BufferLease lease = co_await stream.receive();
    if (lease.empty()) break;
    size += lease.size();
  }
  co_return size;
}

TEST_CASE("what comes after a pause waits for the resume, also if a read was under way") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    co_await until_served(*factory);
    Probe& probe = *factory->probes[0];
    for (int round = 1; round <= 3; ++round) {
      probe.line().pauseProducing();
      co_await write_all(client, "late ");
      for (int turn = 0; turn < 20; ++turn) co_await sleep(Duration::zero());
      CHECK(probe.received.size() == static_cast<std::size_t>(5 * round - 5));
      probe.line().resumeProducing();
      while (probe.received.size() != static_cast<std::size_t>(5 * round)) co_await yield();
    }
    CHECK(probe.received == "late late late ");
  });
}

// Once too much waits to be sent, nothing is read until little does; it is not read only then.
TEST_CASE("reading goes on when the low water mark is reached, neither before nor much later") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  bool held_back = false;
  int resumed = 0;
  int resumed_with_bytes_left = 0;
  factory->prepare = [&](Probe& probe) {
    probe.on_data = [&](Transport& line) {
      if (std::exchange(held_back, false)) {
        ++resumed;
        if (line.buffered_bytes() != 0) ++resumed_with_bytes_left;
        CHECK(line.buffered_bytes() <= WaterMarks().low_bytes);
      }
      line.write(std::string(4'000'000, 'x'));
      held_back = line.buffered_bytes() > WaterMarks().high_bytes;
    };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    for (int round = 0; round < 4; ++round) {
      co_await write_all(client, "more");
      std::string piece(3000, '.');
      for (int read = 0; read < 1200; ++read) co_await read_exactly(client, piece);
      co_await write_all(client, "and more");
    }
    co_await client.shutdown_write();
    static_cast<void>(co_await read_to_end(client));
  });
  CHECK(resumed > 0);
  // How many bytes a real kernel takes at a time is its own affair.
  if (reactor->name() == "simulated") CHECK(resumed_with_bytes_left > 0);
}

TEST_CASE("an abort forgets what was written and not sent yet") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    co_await until_served(*factory);
    Transport& line = factory->probes[0]->line();
    line.write("never sent");
    CHECK(line.buffered_bytes() == 10);
    line.abortConnection();
    CHECK(line.buffered_bytes() == 0);
    line.write("too late");
    CHECK(line.buffered_bytes() == 0);
    const Result<std::string> text = co_await as_result(read_to_end(client));
    CHECK_FALSE(text.has_value());
  });
  CHECK(factory->probes[0]->why.check<ConnectionAborted>());
}

TEST_CASE("the peer hears the end of the writing side, and may send on") {
  COIL_CONTRACT(reactor);
  class Listener : public Probe, public HalfCloseableProtocol {
   public:
    using Probe::Probe;
  };
  class ListenerFactory : public Factory {
   public:
    std::shared_ptr<Protocol> buildProtocol(const Address&) override { return listener; }
    Strings seen;
    std::shared_ptr<Listener> listener = std::make_shared<Listener>(&seen);
  };
  auto factory = std::make_shared<ListenerFactory>();
  Listener& listener = *factory->listener;
  listener.on_made = [](Transport& line) {
    line.write("all I have to say");
    line.loseWriteConnection();
    line.write("too late");
  };
  auto all = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
    TcpStream client = co_await TcpStream::connect(*reactor, port.getHost());
    CHECK(co_await read_to_end(client) == "all I have to say");
    co_await write_all(client, "go on");
    while (listener.received.size() < 5) co_await yield();
    CHECK(listener.received == "go on");
    listener.line().loseConnection();
    co_await port.stopListening();
    while (port.connections() != 0) co_await yield();
  };
  run(*reactor, all());
  CHECK(listener.why.check<ConnectionDone>());
}

// Uses the transport of a connection that is over.
void use_after_the_end() {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  factory->prepare = [](Probe& probe) {
    probe.on_made = [](Transport& line) { line.loseConnection(); };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    static_cast<void>(co_await read_to_end(client));
  });
  factory->probes[0]->line().write("nobody is there");
}

TEST_CASE("a protocol that uses its transport after the end ends the program with a sentence") {
  {
    COIL_CONTRACT(offered);
  }
  CHECK(last_words(&use_after_the_end).find("used its transport unconnected") != std::string::npos);
}

// A forwarder: each side is the producer of the other.
class Side : public Protocol {
 public:
  void dataReceived(ConstBytes data) override {
    other->line().write(data);
    most_waiting = std::max(most_waiting, other->line().buffered_bytes());
  }
  void connectionLost(const Failure&) override { lost = true; }
  Transport& line() { return transport(); }

  Side* other = nullptr;
  std::size_t most_waiting = 0;
  bool lost = false;
};

TEST_CASE("a forwarder before a stopped reader holds the high water mark and one read at most") {
  COIL_CONTRACT(reactor);
  auto all = [&]() -> Task<void> {
    BriefPair in;
    BriefPair out;
    co_await make_pair(*reactor, in);
    co_await make_pair(*reactor, out);
    auto left = std::make_shared<Side>();
    auto right = std::make_shared<Side>();
    left->other = right.get();
    right->other = left.get();
    attach(std::move(in.there), left);
    attach(std::move(out.there), right);
    co_await yield();
    co_await yield();
    right->line().registerProducer(left->line(), true);
    left->line().registerProducer(right->line(), true);
    std::size_t sent = 0;
    auto send = [&]() -> Task<void> {
      [[maybe_unused]] const Result<> ended = co_await as_result(write_endlessly(in.here, sent));
    };
    auto read = [&]() -> Task<void> {
      co_await until_settled(sent);
      const std::size_t before = sent;
      CHECK(before > 0);
      CHECK(left->line().pauses().size() == 1);
      static_cast<void>(co_await read_size(out.here, before + 4'000'000));
      CHECK(sent > before);
      in.here.abort();  // Ends the writer.
    };
    co_await when_all(send(), read());
    CHECK(left->most_waiting > WaterMarks().high_bytes);
    CHECK(left->most_waiting <= WaterMarks().high_bytes + reactor->buffers().buffer_size());
    right->line().abortConnection();  // Which stops its producer, the left side.
    while (!left->lost || !right->lost) co_await yield();
  };
  run(*reactor, all());
}

}  // namespace
