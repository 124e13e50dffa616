// Request lines, percent signs, and the header of an answer.
#include "common/http.h"

#include <charconv>
#include <stdexcept>

namespace samples {

namespace {

// "%20" is a space: two digits tell the byte.
std::string decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      bytes += text[at];
      continue;
    }
    const std::string_view digits = text.substr(at + 1, 2);
    unsigned value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || end != digits.data() + 2 || error != std::errc()) {
      throw std::invalid_argument("two digits are missing behind a percent sign");
    }
    bytes += static_cast<char>(value);
    at += 2;
  }
  return bytes;
}

// Takes what comes before `separator` and the separator, or everything.
std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return taken;
}

}  // namespace

Target::Target(std::string_view text) : path_(decoded(take(text, '?'))) {
  while (!text.empty()) {
    std::string_view value = take(text, '&');
    const std::string_view name = take(value, '=');
    arguments_[decoded(name)] = decoded(value);
  }
}

Target Target::of_request(std::string_view line) {
  const std::string_view method = take(line, ' ');
  if (method != "GET" || !line.starts_with('/')) {
    throw std::invalid_argument("only GET and a path are understood");
  }
  return Target(take(line, ' '));
}

std::string Target::argument(const std::string& name) const {
  const auto found = arguments_.find(name);
  return found == arguments_.end() ? "" : found->second;
}

std::size_t Target::number(const std::string& name, std::size_t least, std::size_t most) const {
  const std::string text = argument(name);
  const char* const last = text.data() + text.size();
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (text.empty() || end != last || error != std::errc() || value < least || value > most) {
    throw std::invalid_argument(name + " is a number from " + std::to_string(least) + " to " +
                                std::to_string(most));
  }
  return value;
}

std::string http_answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status +
         "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace samples
