// Covers: process/stdio.h: standard streams of every kind, and what is put back at their end.
#include <coil/net.h>
#include <coil/process/stdio.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "support/contract.h"
#include "support/pipes.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

bool blocks(const Descriptor& descriptor) {
  return (::fcntl(descriptor.number(), F_GETFL) & O_NONBLOCK) == 0;
}

StdioOptions over(const Descriptor& input, const Descriptor& output) {
  return StdioOptions().set_input(input.handle()).set_output(output.handle());
}

// A program's two standard streams, and the other side of them.
class Streams {
 public:
  explicit Streams(Reactor& reactor)
      : keyboard(reactor, in_.writing.take()), screen(reactor, out_.reading.take()) {}
  StdioOptions options() const { return over(in_.reading, out_.writing); }
  const Descriptor& input() const { return in_.reading; }
  const Descriptor& output() const { return out_.writing; }

 private:
  // The other side does not block; that is no concern of the program's.
  static RawPipe made(bool reading) {
    RawPipe pipe;
    const Descriptor& ours = reading ? pipe.reading : pipe.writing;
    REQUIRE(::fcntl(ours.number(), F_SETFL, O_NONBLOCK) == 0);
    return pipe;
  }
  RawPipe in_ = made(false);
  RawPipe out_ = made(true);

 public:
  PipeWriter keyboard;
  PipeReader screen;
};

template <class Body>
void with_stdio(Reactor& reactor, Body body) {
  auto all = [&]() -> Task<void> {
    Streams streams(reactor);
    StdioTransport stdio = StdioTransport::open(reactor, streams.options());
    co_await body(streams, stdio);
  };
  run(reactor, all());
}

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

TEST_CASE("other processes that share a pipe do not see it become non-blocking") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  with_stdio(*reactor, [](Streams& streams, StdioTransport& stdio) -> Task<void> {
    CHECK(blocks(streams.input()));
    CHECK(blocks(streams.output()));
    co_await stdio.write_all("said");
    std::array<std::byte, 4> text;
    co_await read_exactly(streams.screen, text);
    CHECK(blocks(streams.output()));
  });
}

TEST_CASE("destroying standard streams leaves the descriptors to the program") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  auto all = [&]() -> Task<void> {
    Streams streams(*reactor);
    {
      const StdioTransport stdio = StdioTransport::open(*reactor, streams.options());
    }
    REQUIRE(::write(streams.output().number(), "more", 4) == 4);
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
    CHECK(::write(streams.output().number(), "x", 1) == 1);
    co_await streams.keyboard.write_all("typed");
    const BufferLease lease = co_await stdio.receive();
    CHECK(as_text(lease.bytes()) == "typed");
  });
}

TEST_CASE("standard streams over files read to the end, and write where the file stands") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  auto all = [&]() -> Task<void> {
    std::string name = "/tmp/coil_stdio_XXXXXX";
    Descriptor file(::mkstemp(name.data()));
    const Descriptor input(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    ::unlink(name.c_str());
    REQUIRE(::write(file.number(), "first ", 6) == 6);
    StdioTransport stdio = StdioTransport::open(*reactor, over(input, file));
    co_await stdio.write_all("second");
    const std::string text = co_await read_everything(stdio);
    CHECK(text == "first second");
  };
  run(*reactor, all());
}

TEST_CASE("standard streams over one socket are its two sides") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  auto all = [&]() -> Task<void> {
    std::array<int, 2> ends = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const Descriptor input(ends[0]);
    const Descriptor output(::dup(ends[0]));
    TcpStream peer(*reactor, NativeHandle(ends[1]));
    StdioTransport stdio = StdioTransport::open(*reactor, over(input, output));
    co_await peer.write_all("question");
    co_await peer.shutdown_write();
    const std::string question = co_await read_everything(stdio);
    CHECK(question == "question");
    co_await stdio.write_all("answer");
    co_await stdio.shutdown_write();
    const std::string answer = co_await read_everything(peer);
    CHECK(answer == "answer");
  };
  run(*reactor, all());
}

TEST_CASE("what cannot be standard streams is refused") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  const RawPipe pipe;
  const Descriptor datagrams(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto open = [&](const StdioOptions& options) {
    static_cast<void>(StdioTransport::open(*reactor, options));
  };
  const StdioOptions pipes = over(pipe.reading, pipe.writing);
  CHECK_THROWS_AS(open(StdioOptions(pipes).set_raw(true)), std::invalid_argument);
  CHECK_THROWS_AS(open(StdioOptions(pipes).set_input(NativeHandle(9999))), SystemError);
  CHECK_THROWS_AS(open(StdioOptions(pipes).set_output(datagrams.handle())), UnsupportedSocketType);
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
