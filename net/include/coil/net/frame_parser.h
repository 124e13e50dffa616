// Parsers and makers of frames: netstrings, and strings behind their length.
#pragma once

#include <coil/net/detail/parser.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/error.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace coil {

// NetstringParser: takes bytes as they come and gives the netstrings in them.
//
// Example (tests/examples/framing_example.cpp, "netstrings"):
//
//   NetstringParser parser;
//   parser.push(to_netstring("hello") + "3:so");
//   while (std::optional<ConstBytes> text = parser.pop()) use(as_text(*text));   // "hello".
//
// Guarantees: The strings are the same however the bytes were split. One is valid until the next
//             push() or pop(). The limit is checked on the digits, before the string arrives.
// Errors:     error() is Errc::message_too_long for a string longer than max_length(), and
//             std::errc::bad_message for what is no netstring: no digits, a zero before other
//             digits, no colon, no comma.
// Source:     D. J. Bernstein's description of netstrings.
class NetstringParser : public detail::Parser {
 public:
  explicit NetstringParser(std::size_t max_length = 99999) : Parser(max_length) {}

  // The next string; nothing until one is whole.
  std::optional<ConstBytes> pop();
};

// LengthPrefixParser<Length>: takes bytes as they come and gives the strings in them, each of which
// comes behind its length as a Length in network byte order.
//
// Example (tests/examples/framing_example.cpp, "length prefix"):
//
//   LengthPrefixParser<std::uint16_t> parser;
//   parser.push(length_prefix<std::uint16_t>(5));
//   parser.push("hello");
//   while (std::optional<ConstBytes> text = parser.pop()) use(as_text(*text));
//
// Guarantees: The strings are the same however the bytes were split. One is valid until the next
//             push() or pop(). The limit is checked on the length, before the string arrives.
// Errors:     error() is Errc::message_too_long for a string longer than max_length(); its length
//             is the first thing in take_rest().
template <std::unsigned_integral Length>
class LengthPrefixParser : public detail::Parser {
 public:
  explicit LengthPrefixParser(std::size_t max_length = 99999) : Parser(max_length) {}

  // The next string; nothing until one is whole.
  std::optional<ConstBytes> pop() {
    const std::string_view text = begin();
    const std::optional<Length> length = next_length();
    if (!length) return std::nullopt;
    if (*length > max_length()) return refuse(make_error_code(Errc::message_too_long));
    if (text.size() - sizeof(Length) < *length) return std::nullopt;
    consume(sizeof(Length) + *length);
    return as_bytes(text.substr(sizeof(Length), *length));
  }
  // The length of the next string, if it is more than max_length().
  std::optional<Length> refused_length() const noexcept {
    const std::optional<Length> length = next_length();
    return length && *length > max_length() ? length : std::nullopt;
  }

 private:
  std::optional<Length> next_length() const noexcept {
    const std::string_view text = unread();
    if (text.size() < sizeof(Length)) return std::nullopt;
    std::uint64_t length = 0;
    for (const char byte : text.substr(0, sizeof(Length))) {
      length = length << 8 | static_cast<unsigned char>(byte);
    }
    return static_cast<Length>(length);
  }
};

// StringTooLongError: a string is longer than its length prefix can say.
//
// Example (tests/examples/framing_example.cpp, "too long"):
//
//   try {
//     length_prefix<std::uint8_t>(text.size());
//   } catch (const StringTooLongError&) {
//     std::puts("at most 255 bytes");
//   }
//
// Source: Twisted's StringTooLongError.
class StringTooLongError : public std::length_error {
 public:
  using std::length_error::length_error;
};

// Gives what is sent before a string of that size.
//
// Errors: StringTooLongError.
template <std::unsigned_integral Length>
std::array<std::byte, sizeof(Length)> length_prefix(std::size_t size) {
  if (size > std::numeric_limits<Length>::max()) {
    throw StringTooLongError("a string is longer than its length prefix can say");
  }
  std::array<std::byte, sizeof(Length)> prefix;
  for (std::size_t at = sizeof(Length); at-- > 0; size >>= 8) {
    prefix[at] = static_cast<std::byte>(size & 0xff);
  }
  return prefix;
}

// Gives `text` as a netstring.
std::string to_netstring(ConstBytes text);

}  // namespace coil
