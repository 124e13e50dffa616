// Covers: process/stdio.h: standard streams of every kind, and what is put back at their end.
#include <coil/net.h>
#include <coil/process/stdio.h>

#include <array>
#include <string>

#include "support/contract.h"
#include "support/everything.h"
#include "support/probe.h"
#include "support/standard_streams.h"

using namespace coil;
using namespace coil::testing;

namespace {

// Runs body(streams, probe) with the probe connected, and waits for its end.
template <class P = Probe, class Body>
void with_protocol(Reactor& reactor, Strings& seen, Body body) {
  auto all = [&]() -> Task<void> {
    Streams streams(reactor);
    const auto probe = std::make_shared<P>(&seen);
    const StandardIO connection(reactor, probe, streams.options());
    while (seen.empty()) co_await yield();
    co_await body(streams, *probe);
    while (seen.back() != "lost") co_await yield();
  };
  run(reactor, all());
}

class HalfProbe : public Probe, public HalfCloseableProtocol {
 public:
  using Probe::Probe;
  void readConnectionLost() override {
    seen.push_back("read lost");
    if (on_end) on_end(transport());
  }
  void writeConnectionLost() override { seen.push_back("write lost"); }
  std::function<void(Transport&)> on_end;
};

}  // namespace

TEST_CASE("standard streams over pipes carry more than a pipe holds, both ways") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  with_stdio(*reactor, [](Streams& streams, StdioTransport& stdio) -> Task<void> {
    const std::string text(300'000, 's');
    auto type = [&]() -> Task<void> {
      co_await streams.keyboard.write_all(text);
      co_await streams.keyboard.shutdown_write();
    };
    auto echo = [&]() -> Task<void> {
      static_cast<void>(co_await copy(stdio, stdio));
      co_await stdio.shutdown_write();
    };
    std::string got;
    auto look = [&]() -> Task<void> { got = co_await read_everything(streams.screen); };
    co_await when_all(type(), echo(), look());
    CHECK(got == text);
  });
}

TEST_CASE("destroying standard streams leaves the descriptors to the program") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  auto all = [&]() -> Task<void> {
    Streams streams(*reactor);
    {
      const StdioTransport stdio = StdioTransport::open(*reactor, streams.options());
    }
    REQUIRE(streams.output().write("more") == 4);
    std::array<std::byte, 4> text;
    co_await read_exactly(streams.screen, text);
    CHECK(as_text(text) == "more");
  };
  run(*reactor, all());
}

TEST_CASE("closing standard output ends it for its reader, and input goes on") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  with_stdio(*reactor, [](Streams& streams, StdioTransport& stdio) -> Task<void> {
    co_await stdio.write_all("last");
    co_await stdio.shutdown_write();
    const std::string seen = co_await read_everything(streams.screen);
    CHECK(seen == "last");
    // The number leads nowhere, and nobody else is given it.
    CHECK(streams.output().write("x") == 1);
    co_await streams.keyboard.write_all("typed");
    const BufferLease lease = co_await stdio.receive();
    CHECK(as_text(lease.bytes()) == "typed");
  });
}

TEST_CASE("standard streams over files read to the end, and write where the file stands") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  auto all = [&]() -> Task<void> {
    const RawFile file;
    REQUIRE(file.writing.write("first ") == 6);
    StdioTransport stdio = StdioTransport::open(*reactor, over(file.reading, file.writing));
    co_await stdio.write_all("second");
    const std::string text = co_await read_everything(stdio);
    CHECK(text == "first second");
  };
  run(*reactor, all());
}

TEST_CASE("a protocol writes to standard output, and its last words before the end are heard") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  Strings seen;
  with_protocol(*reactor, seen, [](Streams& streams, Probe& probe) -> Task<void> {
    probe.line().write("one ");
    const std::array<ConstBytes, 2> pieces = {as_bytes("two "), as_bytes("three ")};
    probe.line().writeSequence(pieces);
    probe.line().write(std::string(200'000, '.'));
    probe.line().loseConnection();
    const std::string text = co_await read_everything(streams.screen);
    CHECK(text == "one two three " + std::string(200'000, '.'));
    // Nobody reads standard input any more either.
    while (probe.seen.back() != "lost") co_await yield();
    const Result<> typed = co_await as_result(streams.keyboard.write_all("x"));
    CHECK(!typed);
    CHECK(probe.why.check<ConnectionDone>());
  });
  CHECK(seen == Strings{"made", "lost"});
}

TEST_CASE("a producer on standard output is paused while nobody reads") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  class Chatter : public Producer {
   public:
    explicit Chatter(Transport* line) : line_(*line) {}
    void resumeProducing() override {
      while (!paused_ && rounds_ < 200) {
        line_.write(std::string(4096, 'p'));
        ++rounds_;
      }
      paused_ = false;
      if (rounds_ == 200) line_.unregisterProducer();
    }
    void pauseProducing() override {
      paused_ = true;
      ++pauses;
    }
    void stopProducing() override {}
    int pauses = 0;

   private:
    Transport& line_;
    int rounds_ = 0;
    bool paused_ = false;
  };
  Strings seen;
  with_protocol(*reactor, seen, [](Streams& streams, Probe& probe) -> Task<void> {
    Chatter chatter(&probe.line());
    probe.line().registerProducer(chatter, true);
    chatter.resumeProducing();
    probe.line().loseConnection();
    const std::string text = co_await read_everything(streams.screen);
    CHECK(text.size() == 200 * 4096);
    CHECK(chatter.pauses > 1);
  });
}

TEST_CASE("the end of standard input ends the connection, after what was written") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  Strings seen;
  with_protocol(*reactor, seen, [](Streams& streams, Probe& probe) -> Task<void> {
    probe.on_data = [](Transport& line) { line.write("answer"); };
    co_await streams.keyboard.write_all("question");
    co_await streams.keyboard.shutdown_write();
    const std::string text = co_await read_everything(streams.screen);
    CHECK(text == "answer");
    CHECK(probe.received == "question");
  });
  CHECK(seen == Strings{"made", "lost"});
}

TEST_CASE("a half-closeable protocol hears of the end of standard input, and answers") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  Strings seen;
  with_protocol<HalfProbe>(*reactor, seen, [](Streams& streams, HalfProbe& probe) -> Task<void> {
    probe.on_end = [](Transport& line) {
      line.write("heard");
      line.loseConnection();
    };
    co_await streams.keyboard.shutdown_write();
    const std::string text = co_await read_everything(streams.screen);
    CHECK(text == "heard");
  });
  CHECK(seen == Strings{"made", "read lost", "lost"});
}

TEST_CASE("a handler of the end that throws loses the connection") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  Strings seen;
  std::shared_ptr<Failure> why = std::make_shared<Failure>();
  with_protocol<HalfProbe>(*reactor, seen, [&](Streams& streams, HalfProbe& probe) -> Task<void> {
    probe.on_end = [](Transport&) { throw std::runtime_error("no"); };
    co_await streams.keyboard.shutdown_write();
    while (probe.seen.back() != "lost") co_await yield();
    *why = probe.why;
  });
  CHECK(why->check<std::runtime_error>());
}

TEST_CASE("whoever read standard output has gone: half an end for who can take it") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  Strings seen;
  with_protocol<HalfProbe>(*reactor, seen, [](Streams& streams, HalfProbe& probe) -> Task<void> {
    streams.screen.close();
    while (streams.screen.reactor().handles().closing() != 0) co_await yield();
    probe.line().write("unheard");
    while (probe.seen.back() != "write lost") co_await yield();
    co_await streams.keyboard.write_all("typed");
    while (probe.received != "typed") co_await yield();
    co_await streams.keyboard.shutdown_write();
    while (probe.seen.back() != "read lost") co_await yield();
    probe.line().loseConnection();
  });
  CHECK(seen == Strings{"made", "write lost", "read lost", "lost"});
}

TEST_CASE("whoever read standard output has gone: the end for any other protocol") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  Strings seen;
  with_protocol(*reactor, seen, [](Streams& streams, Probe& probe) -> Task<void> {
    streams.screen.close();
    while (streams.screen.reactor().handles().closing() != 0) co_await yield();
    probe.line().write("unheard");
    while (probe.seen.back() != "lost") co_await yield();
    CHECK(probe.why.check<ConnectionLost>());
  });
}

TEST_CASE("two pipes are not handed over as a socket") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  Strings seen;
  with_protocol(*reactor, seen, [](Streams&, Probe& probe) -> Task<void> {
    CHECK_THROWS_AS(static_cast<void>(probe.line().detach({})), std::logic_error);
    probe.line().loseConnection();
    co_return;
  });
}
