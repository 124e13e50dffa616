// Covers: framed_reads.h, testing/memory_stream.h; line_receiver.h and file_sender.h on a
// connection.
#include <coil/testing/memory_stream.h>

#include <sstream>

#include "support/contract.h"
#include "support/dies.h"
#include "support/tcp_pair.h"

using namespace coil;
using namespace coil::testing;

namespace {

using Strings = std::vector<std::string>;

TEST_CASE("read_line and read_frame give everything in order, however little comes at a time") {
  COIL_CONTRACT(reactor);
  auto all = []() -> Task<void> {
    for (std::size_t size = 1; size < 12; ++size) {
      auto [here, there] = MemoryStream::pair();
      there.set_read_max(size);
      co_await write_all(here, "one\r\n\r\ntwo\r\n5:three,0:,");
      const auto prefix = length_prefix<std::uint16_t>(4);
      co_await write_all(here, prefix);
      co_await write_all(here, "four");
      co_await here.shutdown_write();
      LineParser lines;
      CHECK(co_await read_line(there, lines) == "one");
      CHECK(co_await read_line(there, lines) == "");
      CHECK(co_await read_line(there, lines) == "two");
      NetstringParser netstrings;  // Each goes on with what the one before it has left.
      netstrings.push(lines.take_rest());
      CHECK(co_await read_frame(there, netstrings) == "three");
      CHECK(co_await read_frame(there, netstrings) == "");
      LengthPrefixParser<std::uint16_t> frames;
      frames.push(netstrings.take_rest());
      CHECK(co_await read_frame(there, frames) == "four");
      CHECK(co_await read_frame(there, frames) == std::nullopt);
      CHECK(co_await read_line(there, lines) == std::nullopt);
    }
  };
  run(*reactor, all());
}

TEST_CASE("a stream that ends within an item is an error, and what came of it is kept") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    co_await write_all(pair.there, "line\r\n7:short");
    co_await pair.there.shutdown_write();
    LineParser lines;
    CHECK(co_await read_line(pair.here, lines) == "line");
    const auto no_line = co_await as_result(read_line(pair.here, lines));
    CHECK(no_line.error().failure().check<EndOfStream>());
    NetstringParser netstrings;
    netstrings.push(lines.take_rest());
    const auto no_frame = co_await as_result(read_frame(pair.here, netstrings));
    CHECK(no_frame.error().failure().check<EndOfStream>());
    CHECK(netstrings.take_rest() == "7:short");
  });
}

TEST_CASE("what is too long and what is malformed are told apart, and stay unread") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    co_await write_all(pair.there, "a long line\r\n");
    co_await pair.there.shutdown_write();
    LineParser lines("\r\n", 5);
    for (int again = 0; again < 2; ++again) {
      const auto refused = co_await as_result(read_line(pair.here, lines));
      CHECK(refused.error().failure().check<MessageTooLong>());
    }
    lines.set_max_length(11);
    CHECK(co_await read_line(pair.here, lines) == "a long line");
    NetstringParser netstrings(5);
    netstrings.push("6:");
    const auto too_long = co_await as_result(read_frame(pair.here, netstrings));
    CHECK(too_long.error().failure().check<MessageTooLong>());
    CHECK(netstrings.take_rest() == "6:");
    netstrings.push("no");
    const auto malformed = co_await as_result(read_frame(pair.here, netstrings));
    CHECK(malformed.error().code() == std::errc::bad_message);
  });
}

TEST_CASE("a cancelled read_line keeps what came of the line") {
  COIL_CONTRACT(reactor);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    LineParser parser;
    co_await write_all(pair.there, "first ");
    auto read = [&]() -> Task<void> { static_cast<void>(co_await read_line(pair.here, parser)); };
    auto race = [&](TaskGroup& group) -> Task<void> {
      group.spawn(read);
      while (parser.empty()) co_await yield();
      group.cancel();
    };
    co_await with_task_group(race);
    co_await write_all(pair.there, "half\r\n");
    CHECK(co_await read_line(pair.here, parser) == "first half");
  });
}

// Takes lines, and does what they say.
class Commands : public LineReceiver {
 public:
  explicit Commands(Strings* notes) : seen(*notes) {}
  void lineReceived(std::string_view line) override {
    seen.push_back(std::string(line));
    if (line == "pause") {
      pauseProducing();
      paused = true;
    } else if (line == "quit") {
      transport().loseConnection();
    } else if (line == "detach") {
      stream = transport().detach(clearLineBuffer());
    }
  }
  void connectionLost(const Failure& reason) override { why = reason; }

  Strings& seen;
  bool paused = false;
  Failure why;
  std::optional<Deferred<TcpStream>> stream;
};

class OneFactory : public Factory {
 public:
  explicit OneFactory(std::shared_ptr<Protocol> made) : protocol(std::move(made)) {}
  std::shared_ptr<Protocol> buildProtocol(const Address&) override { return protocol; }
  std::shared_ptr<Protocol> protocol;
};

// Runs body(client) against a port whose one connection `protocol` serves.
template <class Body>
void with_server(Reactor& reactor, std::shared_ptr<Protocol> protocol, Body body) {
  const auto factory = std::make_shared<OneFactory>(std::move(protocol));
  auto all = [&]() -> Task<void> {
    ListeningPort port = listenTCP(reactor, Address::loopback(0), factory);
    TcpStream client = co_await TcpStream::connect(reactor, port.getHost());
    co_await body(client);
    client.close();
    co_await port.stopListening();
    while (port.connections() != 0) co_await yield();
  };
  run(reactor, all());
}

TEST_CASE("a receiver that pauses in a line gets the next one, and the end, when it resumes") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto commands = std::make_shared<Commands>(&seen);
  with_server(*reactor, commands, [&](TcpStream& client) -> Task<void> {
    co_await write_all(client, "1\r\npause\r\n2\r\nqu");
    while (!commands->paused) co_await yield();
    co_await write_all(client, "it\r\nignored\r\n");
    for (int turn = 0; turn < 20; ++turn) co_await sleep(Duration::zero());
    CHECK(seen == Strings{"1", "pause"});
    commands->resumeProducing();
    CHECK(seen == Strings{"1", "pause", "2"});
    const Result<std::string> end = co_await as_result(read_to_end(client));
    static_cast<void>(end);  // A reset, if the close finds bytes that nobody has read.
  });
  CHECK(seen == Strings{"1", "pause", "2", "quit"});
  CHECK(commands->why.check<ConnectionDone>());
  commands->pauseProducing();  // Nothing is there to pause any more.
  commands->resumeProducing();
  commands->stopProducing();
  CHECK_FALSE(commands->connected());
}

TEST_CASE("a line may hand the connection over, and what came behind it is read first") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto commands = std::make_shared<Commands>(&seen);
  with_server(*reactor, commands, [&](TcpStream& client) -> Task<void> {
    co_await write_all(client, "1\r\ndetach\r\nfirst\r\nsec");
    while (!commands->stream) co_await yield();
    TcpStream stream = co_await *commands->stream;
    co_await write_all(client, "ond\r\n");
    LineParser parser;
    CHECK(co_await read_line(stream, parser) == "first");
    CHECK(co_await read_line(stream, parser) == "second");
  });
  CHECK(seen == Strings{"1", "detach"});
  CHECK_FALSE(commands->why);
}

// Sends `text` and then closes.
class Sender : public Protocol {
 public:
  explicit Sender(const std::string& text) : file_(text) {}
  void connectionMade() override {
    auto sent = sender_.beginFileTransfer(file_, transport());
    sent.addBoth([this](const Result<std::optional<char>>& last) {
      result = last;
      transport().loseConnection();
    });
  }
  void dataReceived(ConstBytes) override { transport().abortConnection(); }
  std::size_t waiting() const { return connected() ? transport().buffered_bytes() : 0; }

  std::optional<Result<std::optional<char>>> result;

 private:
  std::istringstream file_;
  FileSender sender_;
};

TEST_CASE("a file goes through a connection whole, and its end is told before the close") {
  COIL_CONTRACT(reactor);
  std::string text;
  for (int number = 0; text.size() < 16'000'000; ++number) text += std::to_string(number);
  text += '$';
  auto sender = std::make_shared<Sender>(text);
  with_server(*reactor, sender, [&](TcpStream& client) -> Task<void> {
    std::string start(100'000, '.');
    co_await read_exactly(client, start);
    for (int turn = 0; turn < 20; ++turn) co_await sleep(Duration::zero());
    CHECK_FALSE(sender->result);                          // The peer reads no further …
    CHECK(sender->waiting() <= FileSender::chunk_bytes);  // … and little is read ahead.
    const bool same = start + co_await read_to_end(client) == text;
    CHECK(same);
  });
  REQUIRE(sender->result);
  CHECK(sender->result->value() == '$');
}

TEST_CASE("a transfer fails when its connection is aborted") {
  COIL_CONTRACT(reactor);
  auto sender = std::make_shared<Sender>(std::string(50'000'000, 'x'));
  with_server(*reactor, sender, [&](TcpStream& client) -> Task<void> {
    std::string start(1000, '.');
    co_await read_exactly(client, start);
    CHECK_FALSE(sender->result);
    co_await write_all(client, "stop");
    while (!sender->result) co_await yield();
  });
  CHECK(sender->result->error().code() == std::errc::operation_canceled);
}

TEST_CASE("a memory stream carries everything, holds no more than its capacity, and ends") {
  COIL_CONTRACT(reactor);
  std::string text(10'000, ' ');
  for (std::size_t at = 0; at < text.size(); ++at) text[at] = static_cast<char>('a' + at % 23);
  auto [here, there] = MemoryStream::pair(100);
  static_assert(ByteStream<MemoryStream>);
  MemoryStream& from = here;
  MemoryStream& to = there;
  to.set_read_max(7);
  std::size_t written = 0;
  std::string got;
  auto write = [&]() -> Task<void> {
    CHECK(co_await from.write_some("") == 0);
    while (written < text.size()) {
      written += co_await from.write_some(as_bytes(text).skip(written));
      CHECK(written <= got.size() + 100);
    }
    co_await from.shutdown_write();
  };
  auto read = [&]() -> Task<void> {
    std::string piece(50, '.');
    CHECK(co_await to.read_some(MutableBytes()) == 0);
    while (const std::size_t size = co_await to.read_some(piece)) {
      CHECK(size <= 7);
      got += piece.substr(0, size);
    }
    CHECK(co_await to.read_some(piece) == 0);
  };
  auto both = [&]() -> Task<void> { co_await when_all(write(), read()); };
  run(*reactor, both());
  CHECK(got == text);
}

TEST_CASE("a memory stream that could carry nothing is refused") {
  CHECK(last_words([] { MemoryStream::pair(0); }).find("without any capacity") !=
        std::string::npos);
  CHECK(last_words([] { MemoryStream::pair().first.set_read_max(0); }).find("read nothing") !=
        std::string::npos);
}

TEST_CASE("closing one end of a memory stream ends the other one and fails what was pending") {
  COIL_CONTRACT(reactor);
  auto all = []() -> Task<void> {
    auto [first, second] = MemoryStream::pair(4);
    MemoryStream& here = first;
    MemoryStream& there = second;
    std::string text(10, '.');
    co_await write_all(here, "last");
    std::error_code read_end;
    std::error_code write_end;
    auto read = [&]() -> Task<void> {
      read_end = (co_await as_result(here.read_some(text))).error().code();
    };
    auto write = [&]() -> Task<void> {
      write_end = (co_await as_result(here.write_some("more"))).error().code();
    };
    auto close = [&]() -> Task<void> {
      for (int turn = 0; turn < 5; ++turn) co_await yield();
      CHECK_FALSE(read_end);
      CHECK_FALSE(write_end);
      here.close();
    };
    co_await when_all(read(), write(), close());
    CHECK(read_end == Errc::handle_closed);
    CHECK(write_end == Errc::handle_closed);
    CHECK(co_await there.read_some(text) == 4);
    CHECK(co_await there.read_some(text) == 0);
    const auto refused = co_await as_result(there.write_some("x"));
    CHECK(refused.error().failure().check<ConnectionLost>());
    const auto ended = co_await as_result(here.shutdown_write());
    CHECK(ended.error().code() == Errc::handle_closed);
  };
  run(*reactor, all());
}

TEST_CASE("after shutdown_write a memory stream still reads, and writes no more") {
  COIL_CONTRACT(reactor);
  auto all = []() -> Task<void> {
    auto [here, there] = MemoryStream::pair();
    co_await here.shutdown_write();
    std::string text(4, '.');
    CHECK(co_await there.read_some(text) == 0);
    co_await write_all(there, "back");
    co_await read_exactly(here, text);
    CHECK(text == "back");
    const auto refused = co_await as_result(here.write_some("x"));
    CHECK(refused.error().failure().check<ConnectionLost>());
    here = MemoryStream::pair().first;  // Destroying an end closes it.
    CHECK(co_await there.read_some(text) == 0);
    const auto gone = co_await as_result(there.write_some("x"));
    CHECK(gone.error().failure().check<ConnectionLost>());
  };
  run(*reactor, all());
}

TEST_CASE("each read and write of a memory stream can be cancelled, and then moved nothing") {
  COIL_CONTRACT(reactor);
  auto all = []() -> Task<void> {
    auto [first, second] = MemoryStream::pair(4);
    MemoryStream& here = first;
    MemoryStream& there = second;
    std::string text(10, '.');
    co_await write_all(there, "more");
    int done = 0;
    auto read = [&]() -> Task<void> {
      static_cast<void>(co_await here.read_some(text));
      ++done;
    };
    auto write = [&]() -> Task<void> {
      static_cast<void>(co_await here.write_some("x"));
      ++done;
    };
    auto end = [&]() -> Task<void> {
      co_await here.shutdown_write();
      ++done;
    };
    auto cancelled = [&](TaskGroup& group) -> Task<void> {
      group.spawn(read);  // Neither would have to wait.
      group.spawn(write);
      group.spawn(end);
      group.cancel();
      co_return;
    };
    co_await with_task_group(cancelled);
    CHECK(done == 0);
    CHECK(co_await here.read_some(text) == 4);
    co_await write_all(here, "full");
    auto waits = [&](TaskGroup& group) -> Task<void> {
      group.spawn(read);
      group.spawn(write);
      for (int turn = 0; turn < 5; ++turn) co_await yield();
      group.cancel();
    };
    co_await with_task_group(waits);
    CHECK(done == 0);
    CHECK(co_await there.read_some(text) == 4);
    CHECK(text.starts_with("full"));
  };
  run(*reactor, all());
}

}  // namespace
