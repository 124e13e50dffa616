// Covers: buffer.h, error.h, native_handle.h, unread_bytes.h: what everything else is made of.
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "support/test_process.h"

using namespace coil;

TEST_CASE("text becomes bytes without its NUL, and bytes become the same text again") {
  const ConstBytes bytes = "hello";
  CHECK(bytes.size() == 5);
  CHECK(as_text(bytes) == "hello");
  CHECK(to_string(as_bytes(std::string_view("a\0b", 3))) == std::string("a\0b", 3));
  CHECK(ConstBytes("").empty());
}

TEST_CASE("every kind of memory is viewed as a whole and in place") {
  std::array<std::byte, 3> bytes = {};
  std::vector<std::byte> grown(4);
  std::string text = "abcde";
  std::array<char, 6> letters = {};
  CHECK(MutableBytes(bytes).size() == 3);
  CHECK(MutableBytes(grown).data() == grown.data());
  CHECK(MutableBytes(letters).size() == 6);
  const MutableBytes view(text);
  view[1] = std::byte{'x'};
  CHECK(text == "axcde");
  CHECK(ConstBytes(grown).data() == grown.data());
  CHECK(ConstBytes(view).size() == 5);
}

TEST_CASE("a part of a view ends where the view ends") {
  const ConstBytes bytes = "hello";
  CHECK(as_text(bytes.first(2)) == "he");
  CHECK(as_text(bytes.skip(2)) == "llo");
  CHECK(bytes.first(9).size() == 5);
  CHECK(bytes.skip(5).empty());
  CHECK(bytes.skip(9).empty());
  std::string text = "hello";
  CHECK(as_text(MutableBytes(text).first(9).skip(4)) == "o");
  CHECK(MutableBytes(text).skip(6).empty());
}

namespace {

// True if `code` is thrown as an E itself, not as one of the types derived from it.
template <class E>
bool thrown_as(std::error_code code) {
  try {
    throw_error(code, "here");
  } catch (const SystemError& error) {
    CHECK(error.code() == code);
    CHECK(std::string(error.what()).find("here") != std::string::npos);
    return typeid(error) == typeid(E);
  }
}

}  // namespace

TEST_CASE("each code has its own type of exception") {
  CHECK(thrown_as<HandleClosed>(Errc::handle_closed));
  CHECK(thrown_as<ConnectionDone>(Errc::connection_done));
  CHECK(thrown_as<ConnectionAborted>(Errc::connection_aborted));
  CHECK(thrown_as<EndOfStream>(Errc::end_of_stream));
  CHECK(thrown_as<BufferLimit>(Errc::buffer_limit));
  CHECK(thrown_as<MessageTooLong>(Errc::message_too_long));
  CHECK(thrown_as<TimedOut>(Errc::timed_out));
  CHECK(thrown_as<ReactorStopped>(Errc::reactor_stopped));
  CHECK(thrown_as<InvalidAddressError>(Errc::address_invalid));
  CHECK(thrown_as<ConnectionLost>(system_error_code(ECONNRESET)));
  CHECK(thrown_as<SystemError>(system_error_code(EADDRINUSE)));
  CHECK(system_error_code(ECONNRESET) == std::errc::connection_reset);
}

TEST_CASE("Cancelled is thrown for its code, and is no std::exception") {
  CHECK_THROWS_AS(throw_error(Errc::cancelled, "here"), Cancelled);
  CHECK(!std::is_base_of_v<std::exception, Cancelled>);
}

TEST_CASE("the families of errors are caught by their base") {
  CHECK(std::is_base_of_v<ConnectionLost, ConnectionAborted>);
  CHECK(std::is_base_of_v<ConnectionClosed, ConnectionDone>);
  CHECK(std::is_base_of_v<ConnectError, TimedOut>);
  CHECK(std::is_base_of_v<std::logic_error, AlreadyCalled>);
}

TEST_CASE("every code of coil has a sentence of its own") {
  std::vector<std::string> seen;
  for (int code = 0; code <= static_cast<int>(Errc::not_supported); ++code) {
    const std::string sentence = coil_category().message(code);
    for (const std::string& other : seen) CHECK(other != sentence);
    CHECK(sentence.find("unknown") == std::string::npos);
    seen.push_back(sentence);
  }
  CHECK(coil_category().message(999).find("999") != std::string::npos);
}

TEST_CASE("a native handle is invalid until it has a number, and zero is one") {
  CHECK(!NativeHandle().valid());
  CHECK(NativeHandle(0).valid());
  CHECK(NativeHandle(7).descriptor() == 7);
  CHECK(NativeHandle(7) == NativeHandle(7));
  CHECK(NativeHandle(7) != NativeHandle());
}

TEST_CASE("a native address keeps as much as it can hold") {
  std::vector<std::byte> raw(200, std::byte{5});
  CHECK(NativeAddress().size() == 0);
  CHECK(NativeAddress(std::span<const std::byte>()).size() == 0);  // There is nothing to copy from.
  NativeAddress cut{std::span<const std::byte>(raw)};
  CHECK(cut.size() == NativeAddress::capacity);
  CHECK(cut.data()[NativeAddress::capacity - 1] == std::byte{5});
  const NativeAddress small{std::span<const std::byte>(raw).first(3)};
  CHECK(small.size() == 3);
  cut.set_size(1000);
  CHECK(cut.size() == NativeAddress::capacity);
  cut.set_size(2);
  CHECK(cut.size() == 2);
}

TEST_CASE("unread bytes come in order, also those put back in front, however little is taken") {
  detail::UnreadBytes unread;
  std::string expected;
  std::string got;
  std::array<char, 7> piece = {};
  for (std::size_t round = 0; round < 1000; ++round) {
    const std::string text = "<" + std::to_string(round) + ">";
    unread.append(text);
    expected += text;
    const std::size_t size = unread.take(MutableBytes(piece).first(round % 7));
    unread.prepend(ConstBytes(piece).first(size).skip(size / 2));
    got += std::string_view(piece.data(), size / 2);
    REQUIRE(unread.size() == expected.size() - got.size());
  }
  while (const std::size_t size = unread.take(piece)) got += std::string_view(piece.data(), size);
  CHECK(got == expected);
  CHECK(unread.empty());
}

TEST_CASE("unread bytes that are never all taken need no more memory than what is left") {
  const long before = coil::testing::peak_megabytes();
  const std::vector<std::byte> block(64 * 1024);
  std::vector<std::byte> taken(block.size());
  for (const bool in_front : {false, true}) {
    detail::UnreadBytes unread;
    unread.append("a rest that stays");
    for (int round = 0; round < 4000; ++round) {
      in_front ? unread.prepend(block) : unread.append(block);
      REQUIRE(unread.take(taken) == taken.size());
    }
  }
  CHECK(coil::testing::peak_megabytes() - before < 50);
}
