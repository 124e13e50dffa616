// What a simulated machine makes of an address.
#include "socket_address.h"

#include <algorithm>

namespace coil::detail {

std::optional<SocketAddress> SocketAddress::from_native(const NativeAddress& native) noexcept {
  const std::optional<IpEndpoint> endpoint = ip_from_native(native);
  if (!endpoint) return std::nullopt;
  SocketAddress address;
  static_cast<IpEndpoint&>(address) = *endpoint;
  return address;
}

NativeAddress SocketAddress::to_native() const noexcept {
  return ip_to_native(family, ip.data(), scope, port);
}

SocketAddress SocketAddress::any(SocketFamily family) noexcept {
  SocketAddress address;
  address.family = family;
  return address;
}

SocketAddress SocketAddress::loopback(SocketFamily family) noexcept {
  SocketAddress address = any(family);
  if (family == SocketFamily::ipv6) {
    address.ip[15] = 1;
  } else {
    address.ip = Ip{127, 0, 0, 1};
  }
  return address;
}

bool SocketAddress::is_loopback() const noexcept {
  if (family == SocketFamily::ipv4) return ip[0] == 127;
  return ip == loopback(family).ip;
}

bool SocketAddress::is_multicast() const noexcept {
  return family == SocketFamily::ipv4 ? (ip[0] & 0xf0) == 0xe0 : ip[0] == 0xff;
}

bool SocketAddress::is_broadcast() const noexcept {
  return family == SocketFamily::ipv4 &&
         std::all_of(ip.begin(), ip.begin() + 4, [](std::uint8_t byte) { return byte == 255; });
}

SocketAddress SocketAddress::wire() const noexcept {
  const bool carried =
      family == SocketFamily::ipv6 && ip[10] == 0xff && ip[11] == 0xff &&
      std::all_of(ip.begin(), ip.begin() + 10, [](auto byte) { return byte == 0; });
  if (!carried) return *this;
  SocketAddress address;
  std::copy(ip.begin() + 12, ip.end(), address.ip.begin());
  address.port = port;
  return address;
}

SocketAddress SocketAddress::seen_by(SocketFamily viewer) const noexcept {
  if (viewer == family || viewer != SocketFamily::ipv6) return *this;
  SocketAddress address = any(viewer);
  address.ip[10] = address.ip[11] = 0xff;
  std::copy(ip.begin(), ip.begin() + 4, address.ip.begin() + 12);
  address.port = port;
  return address;
}

SocketAddress SocketAddress::source() const noexcept {
  const SocketAddress meant = wire();
  if (meant.family != family) return meant.source().seen_by(family);
  SocketAddress address = *this;
  if (is_any() || is_loopback() || is_multicast() || is_broadcast()) address = loopback(family);
  address.port = 0;
  return address;
}

SocketAddress SocketAddress::destination() const noexcept {
  if (!is_any()) return *this;
  SocketAddress address = loopback(family);
  address.port = port;
  return address;
}

bool SocketAddress::covers(const SocketAddress& target) const noexcept {
  return family == target.family && port == target.port && (is_any() || ip == target.ip);
}

std::string SocketAddress::text() const {
  const std::string name = print_ip(family, ip.data());
  return (family == SocketFamily::ipv6 ? "[" + name + "]" : name) + ":" + std::to_string(port);
}

}  // namespace coil::detail
