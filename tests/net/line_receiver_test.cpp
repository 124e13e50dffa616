// Covers: line_receiver.h, line_parser.h, producer.h.
#include <coil/net/line_parser.h>
#include <coil/net/line_receiver.h>
#include <coil/testing/string_transport.h>
#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/chunks.h"
#include "support/dies.h"
#include "support/test_options.h"

using namespace coil;
using namespace coil::testing;

namespace {

using Strings = std::vector<std::string>;

// Notes what it gets, and does in each callback what a test says.
class Lines : public LineReceiver {
 public:
  Lines() { makeConnection(line); }
  void lineReceived(std::string_view text) override {
    seen.push_back(std::string(text));
    if (on_line) on_line(text);
  }
  void rawDataReceived(ConstBytes data) override {
    seen.push_back("raw " + to_string(data));
    if (on_raw) on_raw(data);
  }
  void lineLengthExceeded(std::string_view text) override {
    seen.push_back("too long " + std::string(text));
    if (closes) LineReceiver::lineLengthExceeded(text);
  }
  using LineReceiver::transport;

  StringTransport line;
  Strings seen;
  bool closes = true;
  std::function<void(std::string_view)> on_line;
  std::function<void(ConstBytes)> on_raw;
};

Strings parse(LineParser parser, const std::function<void(const Feed&)>& feed_all) {
  Strings seen;
  feed_all([&](ConstBytes piece) {
    parser.push(piece);
    while (const auto line = parser.pop()) seen.push_back(std::string(*line));
  });
  if (parser.error()) {
    CHECK(parser.error() == Errc::message_too_long);
    seen.push_back("too long");
  } else {
    seen.push_back("rest " + parser.take_rest());
  }
  return seen;
}

TEST_CASE("the lines are the same for every size of the pieces") {
  const std::string text = "one\r\n\r\ntwo\rtwo\r\r\n\nthree\n\r\nrest\r";
  const Strings expected = {"one", "", "two\rtwo\r", "\nthree\n"};
  for (std::size_t size = 1; size <= text.size(); ++size) {
    CAPTURE(size);
    Lines lines;
    feed_in_steps(text, size, [&](ConstBytes piece) { lines.dataReceived(piece); });
    CHECK(lines.seen == expected);
    CHECK(lines.clearLineBuffer() == "rest\r");
    CHECK(lines.clearLineBuffer() == "");
  }
}

TEST_CASE("lines and limits are the same for random pieces of random bytes") {
  std::mt19937_64 random(test_seed());
  const Strings delimiters = {"\n", "\r\n", "\r\r\n", "nrn"};
  for (int round = 0; round < 3000; ++round) {
    CAPTURE(round);
    std::string text(random() % 60, ' ');
    for (char& letter : text) letter = "ar\r\nn"[random() % 5];
    const std::string& delimiter = delimiters[random() % delimiters.size()];
    const LineParser parser(delimiter, random() % 2 ? 12 : 1000);
    const Strings whole = parse(parser, [&](const Feed& feed) { feed(text); });
    const Strings split =
        parse(parser, [&](const Feed& feed) { feed_at_random(text, 7, random, feed); });
    CHECK(split == whole);
    if (parser.max_length() < text.size()) continue;
    std::string again;  // Nothing was lost or added.
    for (std::size_t at = 0; at + 1 < whole.size(); ++at) again += whole[at] + parser.delimiter();
    CHECK("rest " + text.substr(again.size()) == whole.back());
    CHECK(text.starts_with(again));
  }
}

TEST_CASE("a line of exactly the maximum passes with its delimiter split; one more does not") {
  for (std::size_t size = 1; size <= 9; ++size) {
    CAPTURE(size);
    Lines lines;
    lines.set_max_length(5);
    feed_in_steps("12345\r\n", size, [&](ConstBytes piece) { lines.dataReceived(piece); });
    CHECK(lines.seen == Strings{"12345"});
    CHECK_FALSE(lines.line.disconnecting());
    feed_in_steps("123456\r\n", size, [&](ConstBytes piece) { lines.dataReceived(piece); });
    REQUIRE(lines.seen.size() == 2);
    CHECK(lines.seen[1].starts_with("too long 123456"));
    CHECK(lines.line.disconnecting());
  }
}

TEST_CASE("a line that is too long is handed over with all that has arrived, and forgotten") {
  Lines lines;
  lines.set_max_length(3);
  lines.closes = false;
  lines.dataReceived("ok\r\nlong\r\nmore\r\nrest");
  CHECK(lines.seen == Strings{"ok", "too long long\r\nmore\r\nrest"});
  lines.dataReceived("new\r\nendless");
  CHECK(lines.seen.back() == "too long endless");
  CHECK(lines.seen.size() == 4);
  lines.set_max_length(100);
  lines.dataReceived("endless no more\r\n");
  CHECK(lines.seen.back() == "endless no more");
}

TEST_CASE("an endless line is refused as soon as no delimiter can come in time") {
  LineParser parser("\r\n", 3);
  parser.push("abcd");
  CHECK(parser.pop() == std::nullopt);
  CHECK_FALSE(parser.error());
  parser.push("e");
  CHECK(parser.pop() == std::nullopt);
  CHECK(parser.error() == Errc::message_too_long);
}

TEST_CASE("no maximum is too large to be kept") {
  LineParser parser("\r\n", SIZE_MAX);
  parser.push("line\r\nrest");
  CHECK(parser.pop() == "line");
  CHECK(parser.pop() == std::nullopt);
  CHECK_FALSE(parser.error());
}

TEST_CASE("a higher limit lets through what was refused") {
  LineParser parser("\r\n", 3);
  parser.push("long\r\nlonger");
  CHECK(parser.pop() == std::nullopt);
  CHECK(parser.error() == Errc::message_too_long);
  parser.set_max_length(10);
  CHECK(parser.pop() == "long");
  parser.set_max_length(2);
  CHECK(parser.pop() == std::nullopt);
  CHECK(parser.error() == Errc::message_too_long);
  CHECK(parser.take_rest() == "longer");
  CHECK_FALSE(parser.error());
  CHECK(parser.empty());
  parser.push("x\r\n");
  CHECK(parser.pop() == "x");
}

TEST_CASE("hundreds of switches between the modes in one piece do not nest, and lose nothing") {
  constexpr int rounds = 1000;
  std::string text;
  Strings expected;
  for (int round = 0; round < rounds; ++round) {
    text += "go\r\nr";
    expected.insert(expected.end(), {"go", "r"});
  }
  Lines lines;
  int depth = 0;
  lines.on_line = [&](std::string_view) {
    CHECK(depth == 0);
    lines.setRawMode();
  };
  lines.on_raw = [&](ConstBytes data) {
    CHECK(depth++ == 0);
    lines.seen.back() = to_string(data.first(1));
    lines.setLineMode(data.skip(1));
    --depth;
  };
  lines.dataReceived(text);
  CHECK(lines.seen == expected);
}

TEST_CASE("raw bytes come as they come, and a line may begin in the middle of a piece") {
  Lines lines;
  lines.on_line = [&](std::string_view text) {
    if (text == "raw") lines.setRawMode();
  };
  lines.dataReceived("raw\r\n\r\nbytes");
  lines.dataReceived("more\r\n");
  CHECK(lines.seen == Strings{"raw", "raw \r\nbytes", "raw more\r\n"});
  lines.setLineMode("li");
  lines.dataReceived("ne\r\n");
  CHECK(lines.seen.back() == "line");
  lines.setRawMode();
  lines.setLineMode("at once\r\n");
  CHECK(lines.seen.back() == "at once");
}

TEST_CASE("a pause in a callback stops at once; a resume goes on with the next item, in order") {
  for (std::size_t size = 1; size <= 12; ++size) {
    CAPTURE(size);
    Lines lines;
    lines.on_line = [&](std::string_view) { lines.pauseProducing(); };
    feed_in_steps("1\r\n2\r\n3\r\n4", size, [&](ConstBytes piece) { lines.dataReceived(piece); });
    for (const char* const expected : {"1", "2", "3"}) {
      CHECK(lines.seen == Strings{expected});
      CHECK(lines.line.reading() == StringTransport::Reading::paused);
      lines.seen.clear();
      lines.resumeProducing();
    }
    CHECK(lines.seen.empty());
    CHECK(lines.line.reading() == StringTransport::Reading::producing);
    lines.dataReceived("\r\n");
    CHECK(lines.seen == Strings{"4"});
  }
}

TEST_CASE("a callback may pause and resume, and feed bytes, without being called inside itself") {
  Lines lines;
  int depth = 0;
  lines.on_line = [&](std::string_view text) {
    CHECK(depth++ == 0);
    const std::string before(text);
    lines.pauseProducing();
    lines.resumeProducing();
    std::string more(10'000, 'x');
    more += "\r\n";
    if (text == "1") lines.dataReceived(more);
    CHECK(text == before);  // What it was given is still there.
    --depth;
  };
  lines.dataReceived("1\r\n2\r\n");
  CHECK(lines.seen == Strings{"1", "2", std::string(10'000, 'x')});
}

TEST_CASE("what is fed in the callback that pauses comes after what was there") {
  Lines lines;
  lines.on_line = [&](std::string_view text) {
    if (text != "1") return;
    lines.dataReceived("3\r\n");
    lines.pauseProducing();
  };
  lines.dataReceived("1\r\n2\r\n");
  lines.dataReceived("4\r\n");
  CHECK(lines.seen == Strings{"1"});
  lines.resumeProducing();
  CHECK(lines.seen == Strings{"1", "2", "3", "4"});
}

TEST_CASE("after a close in a callback no line and no bytes come") {
  Lines lines;
  lines.on_line = [&](std::string_view) { lines.line.loseConnection(); };
  lines.dataReceived("1\r\n2\r\n3");
  lines.dataReceived("3\r\n");
  CHECK(lines.seen == Strings{"1"});
  Lines raw;
  raw.on_line = [&](std::string_view) {
    raw.setRawMode();
    raw.line.abortConnection();
  };
  raw.dataReceived("1\r\nbytes");
  CHECK(raw.seen == Strings{"1"});
  Lines switches;
  switches.setRawMode();
  switches.on_raw = [&](ConstBytes data) {
    switches.line.loseConnection();
    switches.setLineMode(data);
  };
  switches.dataReceived("1\r\n");
  CHECK(switches.seen == Strings{"raw 1\r\n"});
}

TEST_CASE("clearLineBuffer gives what comes behind the line, which stays valid") {
  Lines lines;
  std::string rest;
  lines.on_line = [&](std::string_view text) {
    lines.dataReceived("fed");
    rest = lines.clearLineBuffer();
    lines.dataReceived("new");
    CHECK(text == "the first line of all");
  };
  lines.dataReceived("the first line of all\r\n2\r\n3");
  CHECK(rest == "2\r\n3fed");
  CHECK(lines.clearLineBuffer() == "new");
  CHECK(lines.seen.size() == 1);
}

TEST_CASE("a callback that throws leaves the receiver as it was") {
  Lines lines;
  lines.on_line = [&](std::string_view text) {
    if (text == "1") throw std::runtime_error("no");
  };
  CHECK_THROWS_AS(lines.dataReceived("1\r\n2\r\n"), std::runtime_error);
  lines.dataReceived("3\r\n");
  CHECK(lines.seen == Strings{"1", "2", "3"});
}

TEST_CASE("setRawMode without rawDataReceived is an error, not silence") {
  class OnlyLines : public LineReceiver {
   public:
    void lineReceived(std::string_view) override { setRawMode(); }
  };
  StringTransport transport;
  OnlyLines lines;
  lines.makeConnection(transport);
  CHECK_THROWS_AS(lines.dataReceived("1\r\nraw"), std::logic_error);
}

TEST_CASE("the delimiter may be changed, for what has arrived too") {
  Lines lines;
  CHECK(lines.delimiter() == "\r\n");
  lines.on_line = [&](std::string_view text) {
    if (text == "change") lines.set_delimiter("\n");
  };
  lines.dataReceived("change\r\na\nb\r\n");
  CHECK(lines.seen == Strings{"change", "a", "b\r"});
  lines.sendLine("out");
  lines.set_delimiter("--");
  lines.sendLine("again");
  CHECK(lines.line.value() == "out\nagain--");
  LineParser parser("\r\n");
  parser.push("a|b");
  CHECK(parser.pop() == std::nullopt);
  parser.set_delimiter("|");
  CHECK(parser.pop() == "a");
  CHECK(last_words([] { LineParser("x").set_delimiter(""); }).find("empty delimiter") !=
        std::string::npos);
}

TEST_CASE("a receiver is a producer: for another connection, and before and after its own") {
  Lines lines;
  StringTransport other;
  other.registerProducer(lines, true);
  other.producer().pause();
  CHECK(lines.line.reading() == StringTransport::Reading::paused);
  lines.dataReceived("1\r\n");
  CHECK(lines.seen.empty());
  other.producer().resume();
  CHECK(lines.seen == Strings{"1"});
  other.producer().stop();
  CHECK(lines.line.reading() == StringTransport::Reading::stopped);
  lines.dataReceived("2\r\n");
  CHECK(lines.seen == Strings{"1"});
  class Unconnected : public LineOnlyReceiver {
   public:
    void lineReceived(std::string_view text) override { seen.push_back(std::string(text)); }
    Strings seen;
  };
  Unconnected early;
  early.pauseProducing();
  early.resumeProducing();
  StringTransport transport;
  early.makeConnection(transport);
  early.dataReceived("1\r\n");
  CHECK(early.seen == Strings{"1"});
  CHECK(transport.reading() == StringTransport::Reading::producing);
  Unconnected paused;
  paused.pauseProducing();
  StringTransport held;
  paused.makeConnection(held);
  paused.dataReceived("1\r\n");  // Or all that a peer sends would be kept.
  CHECK(held.reading() == StringTransport::Reading::paused);
  CHECK(paused.seen.empty());
  paused.resumeProducing();
  CHECK(held.reading() == StringTransport::Reading::producing);
  CHECK(paused.seen == Strings{"1"});
  early.stopProducing();
  CHECK(transport.reading() == StringTransport::Reading::stopped);
}

TEST_CASE("what a callback that throws had given back comes before what arrives next") {
  class Raw : public LineReceiver {
   public:
    void lineReceived(std::string_view line) override { seen.push_back(std::string(line)); }
    void rawDataReceived(ConstBytes data) override {
      setLineMode(data);
      throw std::runtime_error("no");
    }
    Strings seen;
  };
  StringTransport transport;
  Raw lines;
  lines.makeConnection(transport);
  lines.setRawMode();
  CHECK_THROWS_AS(lines.dataReceived("1\r\n"), std::runtime_error);
  lines.dataReceived("2\r\n");
  CHECK(lines.seen == Strings{"1", "2"});
}

}  // namespace
