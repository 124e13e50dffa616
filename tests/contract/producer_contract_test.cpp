// Covers: producer.h, transport.h: water marks, producers that are paused and asked, drain.
#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

constexpr std::size_t much = 4'000'000;  // More than a kernel takes from one who is not read.

// Notes what it is told, and acts as the test wants.
class Source : public Producer {
 public:
  explicit Source(Strings* notes) : told(*notes) {}
  void resumeProducing() override {
    told.push_back("resume");
    if (on_resume) on_resume();
  }
  void pauseProducing() override { told.push_back("pause"); }
  void stopProducing() override { told.push_back("stop"); }

  Strings& told;
  std::function<void()> on_resume;
};

Task<Probe*> served(ProbeFactory& factory) {
  while (factory.seen.empty() || factory.seen.back() != "made") co_await yield();
  co_return factory.probes.back().get();
}

// A served connection, and a producer for it.
class Setting {
 public:
  std::shared_ptr<ProbeFactory> factory = std::make_shared<ProbeFactory>();
  Strings told;
  Source source{&told};
};

// Runs body(line, client) once the connection is served; `line` is the served end.
template <class Body>
void with_line(Reactor& reactor, Setting& at, Body body) {
  with_port(reactor, at.factory, [&](TcpStream& client) -> Task<void> {
    Transport& line = (co_await served(*at.factory))->line();
    co_await body(line, client);
  });
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

TEST_CASE("a push producer is paused above the high water mark and resumed below the low one") {
  COIL_CONTRACT(reactor);
  Setting at;
  with_line(*reactor, at, [&](Transport& line, TcpStream& client) -> Task<void> {
    line.registerProducer(at.source, true);
    CHECK(at.told.empty());
    std::size_t written = 0;
    at.source.on_resume = [&] {
      CHECK(line.buffered_bytes() <= WaterMarks().low_bytes);
      if (written >= 3 * much) return;
      // It fills the buffer again from inside the call: it must be paused again.
      line.write(std::string(much, 'y'));
      written += much;
    };
    line.write(std::string(much, 'x'));
    written += much;
    CHECK(at.told == Strings{"pause"});
    const std::size_t got = co_await read_size(client, 3 * much);
    CHECK(got == 3 * much);
    line.unregisterProducer();
  });
  REQUIRE(at.told.size() >= 6);
  for (std::size_t each = 0; each < at.told.size(); ++each) {
    CHECK(at.told[each] == (each % 2 == 0 ? "pause" : "resume"));
  }
}

TEST_CASE("a pull producer is asked for one piece at a time and is never paused") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  Strings told;
  Source source(&told);
  int pieces = 0;
  factory->prepare = [&](Probe& probe) {
    probe.on_made = [&](Transport& line) {
      source.on_resume = [&] {
        CHECK(line.buffered_bytes() == 0);
        line.write(std::string(100'000, 'x'));
        if (++pieces == 50) {
          line.unregisterProducer();
          line.loseConnection();
        }
      };
      line.registerProducer(source, false);
      CHECK(told == Strings{"resume"});  // At once.
    };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    const std::string text = co_await read_to_end(client);
    CHECK(text.size() == 50 * 100'000);
  });
  CHECK(told == Strings(50, "resume"));
}

TEST_CASE("a pull producer that has nothing to give is asked again after the next write") {
  COIL_CONTRACT(reactor);
  Setting at;
  with_line(*reactor, at, [&](Transport& line, TcpStream& client) -> Task<void> {
    line.registerProducer(at.source, false);
    for (int turn = 0; turn < 10; ++turn) co_await sleep(Duration::zero());
    CHECK(at.told.size() == 1);
    line.write("something else");
    while (at.told.size() < 2) co_await yield();
    std::string text(14, '.');
    co_await read_exactly(client, text);
    for (int turn = 0; turn < 10; ++turn) co_await sleep(Duration::zero());
    CHECK(at.told.size() == 2);
    line.unregisterProducer();
  });
}

TEST_CASE("a second producer is refused until the first one is unregistered") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  Strings told;
  Source first(&told);
  Source second(&told);
  with_port(*reactor, factory, [&](TcpStream&) -> Task<void> {
    Transport& line = (co_await served(*factory))->line();
    line.registerProducer(first, true);
    CHECK_THROWS_AS(line.registerProducer(second, true), std::logic_error);
    line.unregisterProducer();
    line.registerProducer(second, true);
    {
      Source brief(&told);
      CHECK_THROWS_AS(line.registerProducer(brief, true), std::logic_error);
    }
    line.unregisterProducer();
    {
      Source brief(&told);
      line.registerProducer(brief, true);  // Gone with its object.
    }
    line.registerProducer(first, true);
    line.unregisterProducer();
  });
  CHECK(told.empty());
}

TEST_CASE("a producer that comes when nothing can be written is stopped and not kept") {
  COIL_CONTRACT(reactor);
  Setting at;
  with_line(*reactor, at, [&](Transport& line, TcpStream& client) -> Task<void> {
    line.abortConnection();
    line.registerProducer(at.source, true);
    CHECK(at.told == Strings{"stop"});
    line.registerProducer(at.source, false);
    CHECK(at.told == Strings{"stop", "stop"});
    static_cast<void>(co_await as_result(read_to_end(client)));
  });
  CHECK(at.told.size() == 2);
}

TEST_CASE("a producer is stopped once when the connection is lost, before the protocol hears it") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  Source source(&factory->seen);
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    Transport& line = (co_await served(*factory))->line();
    line.registerProducer(source, true);
    client.abort();
    while (factory->seen.back() != "lost") co_await yield();
  });
  CHECK(factory->seen == Strings{"start", "made", "stop", "lost", "stop"});
}

TEST_CASE("the end of the peer stops a producer that streams, and not one that is asked") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  Source source(&factory->seen);
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    (co_await served(*factory))->line().registerProducer(source, true);
    co_await client.shutdown_write();
    const std::string text = co_await read_to_end(client);
    CHECK(text.empty());
    while (factory->seen.back() != "lost") co_await yield();
  });
  CHECK(factory->seen == Strings{"start", "made", "stop", "lost", "stop"});

  auto second = std::make_shared<ProbeFactory>();
  Strings told;
  Source pieces(&told);
  with_port(*reactor, second, [&](TcpStream& client) -> Task<void> {
    Transport& line = (co_await served(*second))->line();
    line.registerProducer(pieces, false);
    co_await client.shutdown_write();
    while (!line.disconnecting()) co_await yield();
    pieces.on_resume = [&] {
      line.write("x");
      if (told.size() == 3) line.unregisterProducer();
    };
    line.write("x");  // So that it is asked again.
    const std::string text = co_await read_to_end(client);
    CHECK(text == "xxx");
  });
  CHECK(told == Strings(3, "resume"));
}

TEST_CASE("loseConnection waits for what a producer makes until it is unregistered") {
  COIL_CONTRACT(reactor);
  Setting at;
  with_line(*reactor, at, [&](Transport& line, TcpStream& client) -> Task<void> {
    line.registerProducer(at.source, true);
    line.write("one ");
    line.loseConnection();
    for (int turn = 0; turn < 10; ++turn) co_await sleep(Duration::zero());
    CHECK(at.factory->seen.back() == "made");
    line.write("two");
    line.unregisterProducer();
    line.write("three");
    const std::string text = co_await read_to_end(client);
    CHECK(text == "one two");
  });
  CHECK(at.told.empty());
  CHECK(at.factory->probes[0]->why.check<ConnectionDone>());
}

TEST_CASE("loseWriteConnection waits for the producer too, and reading goes on") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  Strings told;
  Source source(&told);
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    Probe* const probe = co_await served(*factory);
    Transport& line = probe->line();
    line.registerProducer(source, true);
    line.loseWriteConnection();
    line.write("last words");
    line.unregisterProducer();
    const std::string text = co_await read_to_end(client);
    CHECK(text == "last words");
    co_await write_all(client, "heard");
    while (probe->received.size() < 5) co_await yield();
    CHECK(probe->received == "heard");
  });
}

TEST_CASE("an abort from inside resumeProducing ends the connection once, and not from inside") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  Source source(&factory->seen);
  int asked = 0;
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    Transport& line = (co_await served(*factory))->line();
    source.on_resume = [&] {
      if (++asked == 3) {
        line.abortConnection();
        line.abortConnection();
        CHECK(factory->seen.back() == "resume");  // Nothing was called from inside.
      }
      line.write(std::string(70'000, 'x'));
    };
    line.registerProducer(source, false);
    const Result<std::string> text = co_await as_result(read_to_end(client));
    CHECK_FALSE(text.has_value());
    while (factory->seen.back() != "lost") co_await yield();
  });
  CHECK(asked == 3);
  CHECK(factory->probes[0]->why.check<ConnectionAborted>());
  CHECK(factory->seen ==
        Strings{"start", "made", "resume", "resume", "resume", "stop", "lost", "stop"});
}

TEST_CASE("an exception in a producer is logged and is the reason of the end") {
  COIL_CONTRACT(reactor);
  Setting at;
  at.source.on_resume = [] { throw std::runtime_error("out of paper"); };
  with_line(*reactor, at, [&](Transport& line, TcpStream& client) -> Task<void> {
    line.registerProducer(at.source, false);
    static_cast<void>(co_await as_result(read_to_end(client)));
    while (at.factory->seen.back() != "lost") co_await yield();
  });
  CHECK(at.factory->probes[0]->why.check<std::runtime_error>());
  REQUIRE(reactor.log.size() == 1);
  CHECK(reactor.log[0].find("out of paper") != std::string::npos);
}

TEST_CASE("a coroutine that awaits drain goes on where a push producer would") {
  COIL_CONTRACT(reactor);
  Setting at;
  with_line(*reactor, at, [&](Transport& line, TcpStream& client) -> Task<void> {
    line.registerProducer(at.source, true);
    co_await line.drain();  // Nothing waits.
    std::size_t most = 0;
    const std::string block(30'000, 'x');
    auto write = [&]() -> Task<void> {
      for (std::size_t written = 0; written < 2 * much; written += block.size()) {
        line.write(block);
        most = std::max(most, line.buffered_bytes());
        const bool paused = !at.told.empty() && at.told.back() == "pause";
        CHECK(paused == (line.buffered_bytes() > WaterMarks().high_bytes));
        co_await line.drain();
        CHECK((at.told.empty() || at.told.back() == "resume"));
      }
      line.unregisterProducer();
      line.loseConnection();
    };
    auto read = [&]() -> Task<void> {
      for (int turn = 0; turn < 100; ++turn) co_await sleep(Duration::zero());
      static_cast<void>(co_await read_to_end(client));
    };
    co_await when_all(write(), read());
    CHECK(most <= WaterMarks().high_bytes + block.size());
  });
  CHECK(at.told.size() >= 2);
}

TEST_CASE("drain ends with the reason of a connection that ends meanwhile") {
  COIL_CONTRACT(reactor);
  Setting at;
  with_line(*reactor, at, [&](Transport& line, TcpStream&) -> Task<void> {
    line.write(std::string(2 * much, 'x'));
    auto drain = [&]() -> Task<void> {
      const Result<> drained = co_await as_result(line.drain());
      CHECK(drained.error().code() == Errc::connection_aborted);
    };
    auto abort = [&]() -> Task<void> {
      co_await yield();
      line.abortConnection();
    };
    co_await when_all(drain(), abort());
  });
}

TEST_CASE("water marks are the program's to choose, also while output waits") {
  COIL_CONTRACT(reactor);
  Setting at;
  with_line(*reactor, at, [&](Transport& line, TcpStream& client) -> Task<void> {
    line.set_water_marks(WaterMarks().set_high(3 * much).set_low(2 * much));
    line.registerProducer(at.source, true);
    line.write(std::string(2 * much, 'x'));
    CHECK(at.told.empty());
    CHECK(line.pauses().empty());
    line.set_water_marks(WaterMarks().set_high(1000).set_low(100));
    CHECK(at.told == Strings{"pause"});
    const std::vector<Pause> pauses = line.pauses();
    REQUIRE(pauses.size() == 2);
    CHECK(pauses[0].who == Pause::Who::reading);
    CHECK(pauses[0].by == Pause::By::output);
    CHECK(pauses[1].who == Pause::Who::producer);
    CHECK(pauses[1].since <= reactor->now());
    static_cast<void>(co_await read_size(client, 2 * much));
    while (at.told.size() < 2) co_await yield();
    CHECK(at.told == Strings{"pause", "resume"});
    CHECK(line.pauses().empty());
    line.pauseProducing();
    REQUIRE(line.pauses().size() == 1);
    CHECK(line.pauses()[0].by == Pause::By::call);
    line.resumeProducing();
    CHECK(line.pauses().empty());
    line.unregisterProducer();
  });
}

TEST_CASE("a write that finds more waiting than the cap ends the connection and says so") {
  COIL_CONTRACT(reactor);
  Setting at;
  with_line(*reactor, at, [&](Transport& line, TcpStream& client) -> Task<void> {
    line.set_water_marks(WaterMarks().set_cap(100'000));
    line.write(std::string(2 * much, 'x'));  // One write may be as large as it likes.
    CHECK(line.buffered_bytes() > 100'000);
    line.write("one too many");
    CHECK(line.buffered_bytes() == 0);
    static_cast<void>(co_await as_result(read_to_end(client)));
    while (at.factory->seen.back() != "lost") co_await yield();
  });
  CHECK(at.factory->probes[0]->why.check<BufferLimit>());
}

}  // namespace
