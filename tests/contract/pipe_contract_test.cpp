// Covers: pipe.h: pipes, terminals and files as streams.
#include <coil/net.h>

#include <array>
#include <string>

#include "support/contract.h"
#include "support/descriptors.h"
#include "support/dies.h"
#include "support/everything.h"
#include "support/foreign_pipe.h"
#include "support/foreign_socket.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

constexpr std::size_t much = 1'000'000;  // More than a pipe holds.

class Pipe {
 public:
  explicit Pipe(Reactor& reactor) {
    const ForeignPipe raw;
    reader = PipeReader(reactor, raw.reading);
    writer = PipeWriter(reactor, raw.writing);
  }
  PipeReader reader;
  PipeWriter writer;
};

template <class Body>
void with_pipe(Reactor& reactor, Body body) {
  auto all = [&]() -> Task<void> {
    Pipe pipe(reactor);
    co_await body(pipe);
  };
  run(reactor, all());
}

class HalfProbe : public Probe, public HalfCloseableProtocol {
 public:
  using Probe::Probe;
  void readConnectionLost() override { seen.push_back("read lost"); }
  void writeConnectionLost() override { seen.push_back("write lost"); }
};

class Source : public Producer {
 public:
  explicit Source(Strings& notes) : seen_(notes) {}
  void pauseProducing() override { seen_.push_back("pause"); }
  void resumeProducing() override { seen_.push_back("resume"); }
  void stopProducing() override { seen_.push_back("stop"); }

 private:
  Strings& seen_;
};

}  // namespace

TEST_CASE("more than a pipe holds goes through it, whole and in order") {
  COIL_KERNEL_CONTRACT(reactor, "pipes");
  std::string text(much, ' ');
  for (std::size_t at = 0; at < much; ++at) text[at] = static_cast<char>(at * 31 >> 3);
  with_pipe(*reactor, [&](Pipe& pipe) -> Task<void> {
    auto write = [&]() -> Task<void> {
      co_await pipe.writer.write_all(as_bytes(text));
      co_await pipe.writer.shutdown_write();
    };
    auto read = [&]() -> Task<std::string> { return read_everything(pipe.reader); };
    auto [nothing, got] = co_await when_all(write(), read());
    CHECK(got == text);
  });
}

TEST_CASE("several pieces are written to a pipe in one call") {
  COIL_KERNEL_CONTRACT(reactor, "pipes");
  with_pipe(*reactor, [](Pipe& pipe) -> Task<void> {
    const std::array<ConstBytes, 3> pieces = {as_bytes("one "), as_bytes("two "),
                                              as_bytes("three")};
    const std::size_t size = co_await pipe.writer.write_some(pieces);
    CHECK(size == 13);
    std::array<std::byte, 64> into;
    const std::size_t got = co_await pipe.reader.read_some(into);
    CHECK(as_text(ConstBytes(into).first(got)) == "one two three");
  });
}

TEST_CASE("the end of a pipe comes after everything that was written to it, and stays") {
  COIL_KERNEL_CONTRACT(reactor, "pipes");
  with_pipe(*reactor, [](Pipe& pipe) -> Task<void> {
    co_await pipe.writer.write_all(as_bytes("last words"));
    pipe.writer.close();
    const std::string text = co_await read_everything(pipe.reader);
    CHECK(text == "last words");
    const BufferLease again = co_await pipe.reader.receive();
    CHECK(again.size() == 0);
  });
}

TEST_CASE("a pipe that nobody reads any more is an error of the write, also of one that waits") {
  COIL_KERNEL_CONTRACT(reactor, "pipes");
  with_pipe(*reactor, [&](Pipe& pipe) -> Task<void> {
    const std::string text(much, 'x');
    Result<> written;
    auto write = [&]() -> Task<void> {
      written = co_await as_result(pipe.writer.write_all(as_bytes(text)));
    };
    auto leave = [&]() -> Task<void> {
      static_cast<void>(co_await pipe.reader.receive());
      pipe.reader.close();
    };
    co_await when_all(write(), leave());
    CHECK(!written);
    CHECK(written.error().code() == std::errc::broken_pipe);
    const Result<std::size_t> again = co_await as_result(pipe.writer.write_some(as_bytes("x")));
    CHECK(!again);
  });
}

TEST_CASE("a read of a pipe is cancelled, and the next one finds what comes") {
  COIL_KERNEL_CONTRACT(reactor, "pipes");
  with_pipe(*reactor, [](Pipe& pipe) -> Task<void> {
    auto read = [&]() -> Task<void> { static_cast<void>(co_await pipe.reader.receive()); };
    const Result<> timed = co_await as_result(with_timeout(std::chrono::milliseconds(1), read()));
    CHECK(!timed);
    co_await pipe.writer.write_all(as_bytes("later"));
    const BufferLease lease = co_await pipe.reader.receive();
    CHECK(as_text(lease.bytes()) == "later");
  });
}

TEST_CASE("closing an end of a pipe ends what waits on it") {
  COIL_KERNEL_CONTRACT(reactor, "pipes");
  with_pipe(*reactor, [](Pipe& pipe) -> Task<void> {
    Result<BufferLease> ended = Error(make_error_code(Errc::not_supported), "nothing yet");
    auto read = [&]() -> Task<void> { ended = co_await as_result(pipe.reader.receive()); };
    auto close = [&]() -> Task<void> {
      co_await yield();
      pipe.reader.close();
    };
    co_await when_all(read(), close());
    CHECK(!ended);
    CHECK(ended.error().code() == Errc::handle_closed);
  });
}

TEST_CASE("a protocol that reads one socket and writes another loses them one by one") {
  COIL_KERNEL_CONTRACT(reactor, "two sockets");
  Strings seen;
  auto all = [&]() -> Task<void> {
    auto [input, far_input] = ForeignSocket::connected();
    auto [output, far_output] = ForeignSocket::connected();
    TcpStream peer(*reactor, far_input.release());
    const auto probe = std::make_shared<HalfProbe>(&seen);
    probe->on_data = [](Transport& line) { line.write("unheard"); };
    attach(PipeReader(*reactor, input.release(), HandleKind::stream),
           PipeWriter(*reactor, output.release(), HandleKind::stream), probe);
    far_output.reset();
    co_await peer.write_all("first");
    while (seen.empty() || seen.back() == "made") co_await yield();
    if (seen.back() == "lost") co_return;
    probe->on_data = nullptr;
    co_await peer.write_all(", last");
    while (probe->received != "first, last") co_await yield();
    probe->line().loseConnection();
    while (seen.back() != "lost") co_await yield();
  };
  run(*reactor, all());
  CHECK(seen == Strings{"made", "write lost", "lost"});
}

TEST_CASE("a protocol that was held back when its output broke reads on, and its producer stops") {
  COIL_KERNEL_CONTRACT(reactor, "pipes");
  Strings seen;
  Source source(seen);
  auto all = [&]() -> Task<void> {
    Pipe input(*reactor);
    Pipe output(*reactor);
    const auto probe = std::make_shared<HalfProbe>(&seen);
    probe->on_made = [&](Transport& line) {
      line.registerProducer(source, true);
      line.write(std::string(much, 'x'));
    };
    attach(std::move(input.reader), std::move(output.writer), probe);
    while (seen.empty()) co_await yield();
    static_cast<void>(co_await output.reader.receive());
    output.reader.close();
    while (seen.back() != "write lost") co_await yield();
    REQUIRE(probe->line().pauses().empty());
    co_await input.writer.write_all(as_bytes("typed"));
    while (probe->received != "typed") co_await yield();
    probe->line().loseConnection();
    while (seen.back() != "lost") co_await yield();
  };
  run(*reactor, all());
  CHECK(seen == Strings{"made", "pause", "stop", "write lost", "lost"});
}

TEST_CASE("a protocol is not driven over pipes of different reactors") {
  COIL_KERNEL_CONTRACT(reactor, "pipes");
  const auto other = make_contract_reactor();
  Pipe here(*reactor);
  Pipe there(*other);
  Strings seen;
  CHECK_THROWS_AS(
      attach(std::move(here.reader), std::move(there.writer), std::make_shared<Probe>(&seen)),
      std::invalid_argument);
  CHECK(seen.empty());
}

TEST_CASE("a second write to a pipe while one is pending ends the program with a sentence") {
  {
    COIL_KERNEL_CONTRACT(offered, "pipes");
  }
  auto write_twice = [] {
    const std::unique_ptr<Reactor> reactor = make_contract_reactor();
    const std::string text(much, 'x');
    with_pipe(*reactor, [&](Pipe& pipe) -> Task<void> {
      co_await when_all(pipe.writer.write_all(as_bytes(text)),
                        pipe.writer.write_all(as_bytes(text)));
    });
  };
  CHECK(last_words(write_twice).find("another write was pending") != std::string::npos);
}

TEST_CASE("a file is read to its end and written to, although it can never be waited for") {
  COIL_KERNEL_CONTRACT(reactor, "pipes");
  auto all = [&]() -> Task<void> {
    RawFile file;
    PipeReader reader(*reactor, file.reading.take());
    PipeWriter writer(*reactor, file.writing.take());
    const std::string text(much, 'f');
    co_await writer.write_all(as_bytes(text));
    co_await writer.shutdown_write();
    const std::string got = co_await read_everything(reader);
    CHECK(got == text);
  };
  run(*reactor, all());
}
