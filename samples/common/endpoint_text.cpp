// TYPE:ARGUMENT:KEY=VALUE, where a backslash takes the meaning from the colon behind it.
#include "common/endpoint_text.h"

#include <charconv>
#include <map>
#include <stdexcept>
#include <vector>

namespace samples {

namespace {

struct Description {
  std::vector<std::string> positional;
  std::map<std::string, std::string> named;
};

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
  throw std::invalid_argument("'" + std::string(text) + "' is no endpoint: " + why);
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) {
      parts.back() += text[++at];
    } else if (text[at] == ':') {
      parts.emplace_back();
    } else {
      parts.back() += text[at];
    }
  }
  return parts;
}

Description describe(std::string_view text, std::string_view type) {
  Description description;
  std::vector<std::string> parts = split(text);
  if (parts.front() != type) refuse(text, "it must begin with '" + std::string(type) + ":'");
  parts.erase(parts.begin());
  for (const std::string& part : parts) {
    const std::size_t equals = part.find('=');
    if (equals == std::string::npos) {
      description.positional.push_back(part);
    } else {
      description.named[part.substr(0, equals)] = part.substr(equals + 1);
    }
  }
  return description;
}

// Takes an argument by its name, or by its place.
std::string take(Description& from, const std::string& name, const std::string& otherwise) {
  const auto found = from.named.find(name);
  if (found != from.named.end()) {
    const std::string value = found->second;
    from.named.erase(found);
    return value;
  }
  if (from.positional.empty()) return otherwise;
  const std::string value = from.positional.front();
  from.positional.erase(from.positional.begin());
  return value;
}

coil::Address finish(std::string_view text, const Description& rest, const std::string& host,
                     const std::string& port) {
  if (!rest.positional.empty()) refuse(text, "'" + rest.positional.front() + "' is too much");
  if (!rest.named.empty()) refuse(text, "'" + rest.named.begin()->first + "' is no argument of it");
  std::uint16_t number = 0;
  const char* end = port.data() + port.size();
  const auto [stopped, error] = std::from_chars(port.data(), end, number);
  if (error != std::errc() || stopped != end) {
    refuse(text, "the port must be a number from 0 to 65535, not '" + port + "'");
  }
  const auto ip = coil::IpAddress::parse(host);
  if (!ip) refuse(text, "'" + host + "' is no numeric address");
  return coil::Address(*ip, number);
}

}  // namespace

coil::Address parse_listen(std::string_view text, std::string_view type) {
  Description description = describe(text, type);
  const std::string port = take(description, "port", "");
  std::string interface = "0.0.0.0";
  if (const auto found = description.named.find("interface"); found != description.named.end()) {
    interface = found->second;
    description.named.erase(found);
  }
  return finish(text, description, interface, port);
}

coil::Address parse_connect(std::string_view text, std::string_view type) {
  Description description = describe(text, type);
  const std::string host = take(description, "host", "127.0.0.1");
  const std::string port = take(description, "port", "");
  return finish(text, description, host, port);
}

}  // namespace samples
