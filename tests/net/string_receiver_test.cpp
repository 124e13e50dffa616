// Covers: string_receiver.h, frame_parser.h.
#include <coil/net/frame_parser.h>
#include <coil/net/string_receiver.h>
#include <coil/testing/string_transport.h>
#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "support/chunks.h"
#include "support/test_options.h"

using namespace coil;
using namespace coil::testing;

namespace {

using Strings = std::vector<std::string>;

// Notes what it gets, and does in each callback what a test says.
template <class Receiver>
class Noting : public Receiver {
 public:
  Noting() { this->makeConnection(line); }
  void stringReceived(ConstBytes text) override {
    seen.push_back(to_string(text));
    if (on_string) on_string(text);
  }
  using Receiver::take_rest;

  StringTransport line;
  Strings seen;
  std::function<void(ConstBytes)> on_string;
};

// One that is told of strings that are too long.
template <class Receiver>
class NotingLimit : public Noting<Receiver> {
 public:
  void lengthLimitExceeded(std::size_t length) override {
    lengths.push_back(length);
    if (on_limit) {
      on_limit();
    } else {
      Receiver::lengthLimitExceeded(length);
    }
  }
  std::vector<std::size_t> lengths;
  std::function<void()> on_limit;
};

template <class Length>
std::string prefixed(const std::string& text) {
  return std::string(as_text(length_prefix<Length>(text.size()))) + text;
}

// The bytes of `texts` as Receiver sends them.
template <class Receiver>
std::string sent(const Strings& texts) {
  Noting<Receiver> sender;
  for (const std::string& text : texts) sender.sendString(text);
  return sender.line.value();
}

template <class Receiver>
void check_all_splits() {
  const Strings texts = {"one", "", ",", std::string("\0:12,", 5), std::string(200, 'x'), "\r\n"};
  const std::string bytes = sent<Receiver>(texts);
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    CAPTURE(size);
    Noting<Receiver> receiver;
    feed_in_steps(bytes, size, [&](ConstBytes piece) { receiver.dataReceived(piece); });
    CHECK(receiver.seen == texts);
    CHECK(receiver.take_rest() == "");
    CHECK_FALSE(receiver.line.disconnecting());
  }
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    Strings some(random() % 8);
    for (std::string& text : some) {
      text.resize(random() % 40);
      for (char& letter : text) letter = static_cast<char>(random());
    }
    Noting<Receiver> receiver;
    feed_at_random(sent<Receiver>(some), 30, random,
                   [&](ConstBytes piece) { receiver.dataReceived(piece); });
    CHECK(receiver.seen == some);
  }
}

TEST_CASE("the strings are the same however the bytes are split") {
  check_all_splits<NetstringReceiver>();
  check_all_splits<Int8StringReceiver>();
  check_all_splits<Int16StringReceiver>();
  check_all_splits<Int32StringReceiver>();
}

TEST_CASE("every byte of a length counts") {
  const Strings texts = {std::string(0x1234, 'x'), "next"};
  Noting<Int16StringReceiver> words;
  words.dataReceived(sent<Int16StringReceiver>(texts));
  CHECK(words.seen == texts);
  const Strings longer = {std::string(0x11223, 'x'), "next"};
  Noting<Int32StringReceiver> large;
  large.dataReceived(sent<Int32StringReceiver>(longer));
  CHECK(large.seen == longer);
}

TEST_CASE("on the wire, a length is decimal in a netstring, and else in network byte order") {
  CHECK(sent<NetstringReceiver>({"hello world!", ""}) == "12:hello world!,0:,");
  CHECK(sent<Int8StringReceiver>({"ab", ""}) == std::string("\2ab\0", 4));
  CHECK(sent<Int16StringReceiver>({"ab"}) == std::string("\0\2ab", 4));
  CHECK(sent<Int32StringReceiver>({"ab"}) == std::string("\0\0\0\2ab", 6));
  CHECK(sent<Int16StringReceiver>({std::string(0x1234, 'x')}).starts_with("\x12\x34x"));
  CHECK(sent<Int8StringReceiver>({std::string(255, 'x')}).starts_with("\xffx"));
}

TEST_CASE("each malformed netstring closes the connection, and nothing behind it is delivered") {
  for (const std::string& bad :
       Strings{"x", ":", ",", "-1:x,", "+1:x,", " 1:x,", "01:x,", "00:,", "1x:", "1,", "1:xx",
               "1:x:", "0:x", "3:ab", "2:abc,", std::string("\0", 1), "\xb2:"}) {
    for (std::size_t size = 1; size <= 6; ++size) {
      CAPTURE(bad);
      CAPTURE(size);
      Noting<NetstringReceiver> receiver;
      CHECK_FALSE(receiver.broken_peer());
      feed_in_steps("2:ok," + bad + ",2:no,", size,
                    [&](ConstBytes piece) { receiver.dataReceived(piece); });
      CHECK(receiver.seen == Strings{"ok"});
      CHECK(receiver.line.disconnecting());
      CHECK(receiver.broken_peer());
    }
  }
}

TEST_CASE("the length of a netstring is refused on its digits, before anything follows them") {
  Noting<NetstringReceiver> receiver;
  receiver.set_max_length(123);
  receiver.dataReceived("123:" + std::string(123, 'x') + ",12");
  CHECK(receiver.seen.size() == 1);
  CHECK_FALSE(receiver.line.disconnecting());
  receiver.dataReceived("4");
  CHECK(receiver.line.disconnecting());
  CHECK(receiver.broken_peer());
  for (const std::size_t limit : {std::size_t{0}, std::size_t{9}, std::size_t{10}, SIZE_MAX}) {
    CAPTURE(limit);
    NetstringParser parser(limit);
    parser.push(std::to_string(limit));
    CHECK(parser.pop() == std::nullopt);
    CHECK_FALSE(parser.error());
    NetstringParser less(limit);
    less.push(limit == SIZE_MAX ? "18446744073709551616" : std::to_string(limit + 1));
    CHECK(less.pop() == std::nullopt);
    CHECK(less.error() == Errc::message_too_long);
  }
}

TEST_CASE("random bytes end in the same strings and the same verdict however they are split") {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 5000; ++round) {
    CAPTURE(round);
    std::string bytes(random() % 24, ' ');
    for (char& letter : bytes) letter = "0123:,,ab"[random() % 9];
    auto parse = [&](std::size_t size_max) {
      NetstringParser parser(12);
      Strings seen;
      feed_at_random(bytes, size_max, random, [&](ConstBytes piece) {
        parser.push(piece);
        while (const auto text = parser.pop()) seen.push_back(to_string(*text));
      });
      seen.push_back(parser.error().message() + " " + parser.take_rest());
      return seen;
    };
    const Strings slow = parse(1);
    CHECK(parse(24) == slow);
    CHECK(parse(5) == slow);
  }
}

TEST_CASE("a length above the limit is told before its string comes, and closes by default") {
  NotingLimit<Int16StringReceiver> receiver;
  receiver.set_max_length(5);
  receiver.dataReceived(prefixed<std::uint16_t>("12345"));
  receiver.dataReceived(std::string("\0\6", 2));
  CHECK(receiver.seen == Strings{"12345"});
  CHECK(receiver.lengths == std::vector<std::size_t>{6});
  CHECK(receiver.line.disconnecting());
  receiver.dataReceived("123456");
  CHECK(receiver.lengths.size() == 1);
}

TEST_CASE("who is told of the limit may take the rest, its length first, or leave it") {
  NotingLimit<Int32StringReceiver> receiver;
  receiver.set_max_length(5);
  receiver.on_limit = [] {};
  const std::string bytes = prefixed<std::uint32_t>("too long");
  receiver.dataReceived(prefixed<std::uint32_t>("fine") + bytes);
  CHECK(receiver.lengths == std::vector<std::size_t>{8});
  receiver.dataReceived("more");
  CHECK(receiver.lengths == std::vector<std::size_t>{8, 8});
  std::string rest;
  receiver.on_limit = [&] { rest = receiver.take_rest(); };
  receiver.dataReceived("!");
  CHECK(rest == bytes + "more!");
  receiver.dataReceived(prefixed<std::uint32_t>("again"));
  CHECK(receiver.seen == Strings{"fine", "again"});
  CHECK_FALSE(receiver.line.disconnecting());
}

TEST_CASE("who is told of the limit may raise it") {
  NotingLimit<Int8StringReceiver> receiver;
  receiver.set_max_length(5);
  receiver.on_limit = [&] { receiver.set_max_length(8); };
  receiver.dataReceived(prefixed<std::uint8_t>("12345678"));
  CHECK(receiver.seen == Strings{"12345678"});
  CHECK(receiver.lengths == std::vector<std::size_t>{8});
}

TEST_CASE("a string that its prefix cannot count is refused, and nothing is sent") {
  Noting<Int8StringReceiver> bytes;
  CHECK_THROWS_AS(bytes.sendString(std::string(256, 'x')), StringTooLongError);
  CHECK(bytes.line.value() == "");
  Noting<Int16StringReceiver> words;
  CHECK_THROWS_AS(words.sendString(std::string(65536, 'x')), StringTooLongError);
  words.sendString(std::string(65535, 'x'));
  CHECK(words.line.value().size() == 65537);
  CHECK_THROWS_AS(length_prefix<std::uint32_t>(std::size_t{1} << 32), StringTooLongError);
  CHECK(length_prefix<std::uint64_t>(SIZE_MAX)[0] == std::byte{0xff});
}

TEST_CASE("a handler may take over what comes behind its string") {
  Noting<Int16StringReceiver> receiver;
  std::string rest;
  receiver.on_string = [&](ConstBytes text) {
    rest = receiver.take_rest();
    receiver.dataReceived("x");
    CHECK(as_text(text) == "the last string of this kind");
  };
  receiver.dataReceived(prefixed<std::uint16_t>("the last string of this kind") + "\1other bytes");
  CHECK(rest == "\1other bytes");
  CHECK(receiver.take_rest() == "x");
  CHECK(receiver.seen.size() == 1);
}

template <class Receiver>
void check_pause_and_close() {
  const std::string bytes = sent<Receiver>({"1", "2", "3"});
  Noting<Receiver> pauses;
  pauses.on_string = [&](ConstBytes) { pauses.pauseProducing(); };
  pauses.dataReceived(bytes);
  CHECK(pauses.seen == Strings{"1"});
  CHECK(pauses.line.reading() == StringTransport::Reading::paused);
  pauses.resumeProducing();
  CHECK(pauses.seen == Strings{"1", "2"});
  pauses.on_string = nullptr;
  pauses.resumeProducing();
  CHECK(pauses.seen == Strings{"1", "2", "3"});
  Noting<Receiver> closes;
  closes.on_string = [&](ConstBytes) { closes.line.loseConnection(); };
  closes.dataReceived(bytes);
  closes.dataReceived(bytes);
  CHECK(closes.seen == Strings{"1"});
}

TEST_CASE("a pause in a callback stops at once, and a close for ever") {
  check_pause_and_close<NetstringReceiver>();
  check_pause_and_close<Int8StringReceiver>();
  check_pause_and_close<Int16StringReceiver>();
  check_pause_and_close<Int32StringReceiver>();
}

}  // namespace
