// The examples of line_parser.h, frame_parser.h, framed_reads.h, line_receiver.h,
// string_receiver.h, file_sender.h, string_transport.h and memory_stream.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <coil/testing/memory_stream.h>
#include <coil/testing/string_transport.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/tcp_pair.h"

using namespace coil;
using namespace coil::testing;

namespace {

using Strings = std::vector<std::string>;

// [line only]
class Shout : public LineOnlyReceiver {
  void lineReceived(std::string_view line) override {
    sendLine(std::string(line) + "!");
    if (line == "quit") transport().loseConnection();
  }
};
// [/line only]

// [modes]
class Upload : public LineReceiver {
  // [/modes]
 public:
  // [modes]
  void lineReceived(std::string_view line) override {
    left_ = std::stoul(std::string(line));
    if (left_ > 0) setRawMode();
  }
  void rawDataReceived(ConstBytes data) override {
    body_ += as_text(data.first(left_));
    const ConstBytes behind = data.skip(left_);
    left_ -= data.size() - behind.size();
    if (left_ == 0) setLineMode(behind);
  }
  std::size_t left_ = 0;
  std::string body_;
};
// [/modes]

// [netstring receiver]
class Echo : public NetstringReceiver {
  void stringReceived(ConstBytes text) override { sendString(text); }
};
// [/netstring receiver]

// [length prefix receiver]
class Upgrade : public Int16StringReceiver {
  void stringReceived(ConstBytes text) override {
    if (as_text(text) != "upgrade") return sendString(text);
    stream_ = transport().detach(take_rest());  // Another protocol goes on from here.
  }
  Deferred<TcpStream> stream_;
};
// [/length prefix receiver]

// [file sender]
class SendFile : public Protocol {
 public:
  explicit SendFile(const std::string& path) : file_(path) {}
  void connectionMade() override {
    auto sent = sender_.beginFileTransfer(file_, transport());
    sent.addBoth([this](const Result<std::optional<char>>&) { transport().loseConnection(); });
  }
  void dataReceived(ConstBytes) override {}

 private:
  std::ifstream file_;
  FileSender sender_;
};
// [/file sender]

// Notes why it ended.
class Quitter : public LineOnlyReceiver {
 public:
  void lineReceived(std::string_view line) override {
    if (line == "quit") transport().loseConnection();
  }
  void connectionLost(const Failure& reason) override { why = reason; }
  Failure why;
};

}  // namespace

TEST_CASE("line parser") {
  Strings lines;
  auto use = [&](std::string_view line) { lines.push_back(std::string(line)); };
  // [line parser]
  LineParser parser("\n", 80);
  parser.push("one\ntw");
  parser.push("o\nthr");
  while (std::optional<std::string_view> line = parser.pop()) use(*line);  // "one", "two".
  // [/line parser]
  CHECK(lines == Strings{"one", "two"});
}

TEST_CASE("netstrings, and strings behind their length") {
  Strings texts;
  auto use = [&](std::string_view text) { texts.push_back(std::string(text)); };
  {
    // [netstrings]
    NetstringParser parser;
    parser.push(to_netstring("hello") + "3:so");
    while (std::optional<ConstBytes> text = parser.pop()) use(as_text(*text));  // "hello".
    // [/netstrings]
  }
  {
    // [length prefix]
    LengthPrefixParser<std::uint16_t> parser;
    parser.push(length_prefix<std::uint16_t>(5));
    parser.push("hello");
    while (std::optional<ConstBytes> text = parser.pop()) use(as_text(*text));
    // [/length prefix]
  }
  CHECK(texts == Strings{"hello", "hello"});
}

TEST_CASE("too long") {
  const std::string text(256, 'x');
  bool caught = false;
  // [too long]
  try {
    length_prefix<std::uint8_t>(text.size());
  } catch (const StringTooLongError&) {
    std::puts("at most 255 bytes");
    // [/too long]
    caught = true;
    // [too long]
  }
  // [/too long]
  CHECK(caught);
}

TEST_CASE("read lines and frames") {
  const auto reactor = make_reactor();
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    TcpStream& stream = pair.here;
    Strings seen;
    auto use = [&](const std::string& item) { seen.push_back(item); };
    co_await write_all(pair.there, "one\r\ntwo\r\n");
    co_await pair.there.shutdown_write();
    // [read lines]
    LineParser parser;
    while (std::optional<std::string> line = co_await read_line(stream, parser)) use(*line);
    // [/read lines]
    CHECK(seen == Strings{"one", "two"});
  });
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    TcpStream& stream = pair.here;
    Strings seen;
    auto use = [&](const std::string& item) { seen.push_back(item); };
    const auto prefix = length_prefix<std::uint32_t>(5);
    co_await write_all(pair.there, prefix);
    co_await write_all(pair.there, "hello");
    co_await pair.there.shutdown_write();
    // [read frames]
    LengthPrefixParser<std::uint32_t> parser(1024 * 1024);
    while (std::optional<std::string> frame = co_await read_frame(stream, parser)) use(*frame);
    // [/read frames]
    CHECK(seen == Strings{"hello"});
  });
}

TEST_CASE("string transport") {
  // [string transport]
  StringTransport transport;
  Shout protocol;
  protocol.makeConnection(transport);
  protocol.dataReceived("hello\r\nqu");
  protocol.dataReceived("it\r\n");
  CHECK(transport.value() == "hello!\r\nquit!\r\n");
  CHECK(transport.disconnecting());
  // [/string transport]
}

TEST_CASE("disconnection") {
  Quitter protocol;
  // [disconnection]
  StringTransportWithDisconnection transport(protocol);
  protocol.makeConnection(transport);
  protocol.dataReceived("quit\r\n");
  CHECK(protocol.why.check<ConnectionDone>());
  // [/disconnection]
}

TEST_CASE("modes") {
  StringTransport transport;
  Upload upload;
  upload.makeConnection(transport);
  upload.dataReceived("5\r\nhello3\r\n, y0\r\n2\r\nou");
  CHECK(upload.body_ == "hello, you");
}

TEST_CASE("netstring receiver and length prefix receiver") {
  StringTransport transport;
  Echo echo;
  echo.makeConnection(transport);
  echo.dataReceived("2:hi,");
  CHECK(transport.value() == "2:hi,");
  StringTransport old;
  Upgrade upgrade;
  upgrade.makeConnection(old);
  upgrade.dataReceived(std::string("\0\2hi\0\7upgraderest", 17));
  CHECK(old.value() == std::string("\0\2hi", 4));
  CHECK(old.detached() == "rest");
}

TEST_CASE("file sender") {
  const std::string path = std::filesystem::temp_directory_path() / "coil_file_sender_example.txt";
  std::ofstream(path) << "some notes\n";
  StringTransport transport;
  SendFile protocol(path);
  protocol.makeConnection(transport);
  CHECK_FALSE(transport.disconnecting());
  transport.producer().resume();
  CHECK(transport.value() == "some notes\n");
  CHECK(transport.disconnecting());
  std::filesystem::remove(path);
}

TEST_CASE("memory stream") {
  const auto reactor = make_reactor();
  auto all = []() -> Task<void> {
    // [memory stream]
    auto [client, server] = MemoryStream::pair();
    server.set_read_max(1);  // Every possible split is met.
    co_await write_all(client, "one\r\ntwo\r\n");
    LineParser parser;
    CHECK(co_await read_line(server, parser) == "one");
    // [/memory stream]
    CHECK(co_await read_line(server, parser) == "two");
  };
  run(*reactor, all());
}
