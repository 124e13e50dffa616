// The one place where the simulation sees sockaddr.
#include "socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace coil::detail {

std::optional<SocketAddress> SocketAddress::from_native(const NativeAddress& native) noexcept {
  sa_family_t family = AF_UNSPEC;
  if (native.size() < sizeof(sockaddr_in)) return std::nullopt;
  std::memcpy(&family, native.data() + offsetof(sockaddr, sa_family), sizeof family);
  SocketAddress address;
  if (family == AF_INET) {
    sockaddr_in raw;
    std::memcpy(&raw, native.data(), sizeof raw);
    std::memcpy(address.ip.data(), &raw.sin_addr, sizeof raw.sin_addr);
    address.port = ntohs(raw.sin_port);
    return address;
  }
  if (family != AF_INET6 || native.size() < sizeof(sockaddr_in6)) return std::nullopt;
  sockaddr_in6 raw;
  std::memcpy(&raw, native.data(), sizeof raw);
  address.family = SocketFamily::ipv6;
  std::memcpy(address.ip.data(), &raw.sin6_addr, sizeof raw.sin6_addr);
  address.port = ntohs(raw.sin6_port);
  address.scope = raw.sin6_scope_id;
  return address;
}

NativeAddress SocketAddress::to_native() const noexcept {
  NativeAddress native;
  if (family == SocketFamily::ipv6) {
    sockaddr_in6 raw = {};
    raw.sin6_family = AF_INET6;
    raw.sin6_port = htons(port);
    raw.sin6_scope_id = scope;
    std::memcpy(&raw.sin6_addr, ip.data(), sizeof raw.sin6_addr);
    std::memcpy(native.data(), &raw, sizeof raw);
    native.set_size(sizeof raw);
  } else {
    sockaddr_in raw = {};
    raw.sin_family = AF_INET;
    raw.sin_port = htons(port);
    std::memcpy(&raw.sin_addr, ip.data(), sizeof raw.sin_addr);
    std::memcpy(native.data(), &raw, sizeof raw);
    native.set_size(sizeof raw);
  }
  return native;
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
  char name[INET6_ADDRSTRLEN] = {};
  const bool v6 = family == SocketFamily::ipv6;
  ::inet_ntop(v6 ? AF_INET6 : AF_INET, ip.data(), name, sizeof name);
  return (v6 ? "[" + std::string(name) + "]" : std::string(name)) + ":" + std::to_string(port);
}

}  // namespace coil::detail
