// LineParser: finds lines in bytes that come in pieces.
#pragma once

#include <coil/net/detail/parser.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/error.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coil {

// LineParser: takes bytes as they come and gives the lines in them.
//
// Example (tests/examples/framing_example.cpp, "line parser"):
//
//   LineParser parser("\n", 80);
//   parser.push("one\ntw");
//   parser.push("o\nthr");
//   while (std::optional<std::string_view> line = parser.pop()) use(*line);   // "one", "two".
//
// Requires:   The delimiter is not empty.
// Guarantees: The lines are the same however the bytes were split. A line is valid until the next
//             push() or pop(). A line of exactly max_length() passes, also if its delimiter comes
//             in two pieces.
// Errors:     error() is Errc::message_too_long when a line is longer than max_length(); it is the
//             first thing in take_rest().
// Cost:       Each byte is copied once and searched once.
class LineParser : public detail::Parser {
 public:
  explicit LineParser(std::string delimiter = "\r\n", std::size_t max_length = 16384)
      : Parser(max_length) {
    set_delimiter(std::move(delimiter));
  }

  // The next line without its delimiter; nothing until one is whole.
  std::optional<std::string_view> pop() {
    const std::string_view text = begin();
    const std::size_t found = text.find(delimiter_, searched_);
    if (found == std::string_view::npos) {
      if (text.size() < delimiter_.size()) return std::nullopt;
      const std::size_t length_min = text.size() - delimiter_.size();
      if (length_min >= max_length()) return refuse(make_error_code(Errc::message_too_long));
      searched_ = length_min + 1;
      return std::nullopt;
    }
    if (found > max_length()) return refuse(make_error_code(Errc::message_too_long));
    consume(found + delimiter_.size());
    return text.substr(0, found);
  }
  // Everything that is there, lines or not.
  std::string_view pop_raw() {
    const std::string_view bytes = begin();
    consume(bytes.size());
    return bytes;
  }

  const std::string& delimiter() const noexcept { return delimiter_; }
  void set_delimiter(std::string delimiter) {
    if (delimiter.empty()) contract_violation("a LineParser was given an empty delimiter");
    delimiter_ = std::move(delimiter);
    searched_ = 0;
  }

 private:
  std::string delimiter_;
};

}  // namespace coil
