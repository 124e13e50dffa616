// Netstrings.
#include <coil/net/frame_parser.h>

#include <system_error>

namespace coil {

namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

}  // namespace

std::optional<ConstBytes> NetstringParser::pop() {
  const std::string_view text = begin();
  std::size_t length = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && is_digit(text[digits]); ++digits) {
    if (digits == 1 && text[0] == '0') return refuse(make_error_code(std::errc::bad_message));
    const auto digit = static_cast<std::size_t>(text[digits] - '0');
    if (digit > max_length() || length > (max_length() - digit) / 10) {
      return refuse(make_error_code(Errc::message_too_long));
    }
    length = length * 10 + digit;
  }
  if (digits == text.size()) return std::nullopt;
  if (digits == 0 || text[digits] != ':') return refuse(make_error_code(std::errc::bad_message));
  const std::string_view behind_colon = text.substr(digits + 1);
  if (behind_colon.size() <= length) return std::nullopt;
  if (behind_colon[length] != ',') return refuse(make_error_code(std::errc::bad_message));
  consume(digits + 1 + length + 1);
  return as_bytes(behind_colon.substr(0, length));
}

std::string to_netstring(ConstBytes text) {
  std::string netstring = std::to_string(text.size()) + ':';
  netstring += as_text(text);
  netstring += ',';
  return netstring;
}

}  // namespace coil
