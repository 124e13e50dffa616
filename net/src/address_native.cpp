// Addresses as the operating system's, through the runtime, which knows the layout.
#include "address_native.h"

#include <coil/runtime/detail/native_address.h>

#include <algorithm>

namespace coil::detail {

NativeAddress to_native(const Address& address) noexcept {
  return ip_to_native(address.family(), address.ip().bytes(), address.ip().scope(), address.port());
}

Address from_native(const NativeAddress& native) noexcept {
  const std::optional<IpEndpoint> endpoint = ip_from_native(native);
  if (!endpoint) return Address();
  if (endpoint->family == SocketFamily::ipv6) {
    return {IpAddress::v6(endpoint->ip, endpoint->scope), endpoint->port};
  }
  std::array<std::uint8_t, 4> bytes;
  std::copy_n(endpoint->ip.begin(), bytes.size(), bytes.begin());
  return {IpAddress::v4(bytes), endpoint->port};
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string ended(text);
  std::array<std::uint8_t, 4> v4;
  if (parse_ip(SocketFamily::ipv4, ended, v4.data())) return IpAddress::v4(v4);
  std::array<std::uint8_t, 16> v6;
  if (parse_ip(SocketFamily::ipv6, ended, v6.data())) return IpAddress::v6(v6);
  return std::nullopt;
}

std::string print_ip(const IpAddress& ip) {
  return print_ip(ip.is_v6() ? SocketFamily::ipv6 : SocketFamily::ipv4, ip.bytes());
}

}  // namespace coil::detail
