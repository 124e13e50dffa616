// Parsing and printing of addresses.
#include <coil/net/address.h>

#include "address_native.h"

#include <charconv>

namespace coil {

namespace {

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t max) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || value > max) return std::nullopt;
  return value;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::size_t percent = text.find('%');
  std::optional<IpAddress> ip = detail::parse_ip(text.substr(0, percent));
  if (!ip || percent == std::string_view::npos) return ip;
  const auto scope = parse_number(text.substr(percent + 1), UINT32_MAX);
  if (!scope || ip->is_v4()) return std::nullopt;
  ip->scope_ = *scope;
  return ip;
}

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> bytes) noexcept {
  IpAddress ip;
  for (std::size_t index = 0; index < bytes.size(); ++index) ip.bytes_[index] = bytes[index];
  return ip;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& bytes, std::uint32_t scope) noexcept {
  IpAddress ip;
  ip.v6_ = true;
  ip.bytes_ = bytes;
  ip.scope_ = scope;
  return ip;
}

bool IpAddress::is_multicast() const noexcept {
  return v6_ ? bytes_[0] == 0xff : (bytes_[0] & 0xf0) == 0xe0;
}

std::string IpAddress::to_string() const {
  std::string text = detail::print_ip(*this);
  if (scope_ != 0) text += "%" + std::to_string(scope_);
  return text;
}

std::optional<Address> Address::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto port = parse_number(text.substr(colon + 1), 65535);
  const auto ip = IpAddress::parse(host);
  if (!port || !ip || ip->is_v6() != bracketed) return std::nullopt;
  return Address(*ip, static_cast<std::uint16_t>(*port));
}

Address Address::loopback_v6(std::uint16_t port) noexcept {
  std::array<std::uint8_t, 16> bytes{};
  bytes[15] = 1;
  return {IpAddress::v6(bytes), port};
}

std::string Address::to_string() const {
  const std::string host = ip_.to_string();
  return (ip_.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port_);
}

}  // namespace coil

std::size_t std::hash<coil::Address>::operator()(const coil::Address& address) const noexcept {
  const std::string_view bytes(reinterpret_cast<const char*>(address.ip().bytes()), 16);
  const std::size_t rest = (std::size_t{address.ip().scope()} << 16) + address.port();
  return std::hash<std::string_view>()(bytes) ^ (rest * std::size_t{0x9e3779b97f4a7c15U});
}
