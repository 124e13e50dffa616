// sockaddr on POSIX systems.
#include <coil/runtime/detail/native_address.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstring>

namespace coil::detail {

NativeAddress ip_to_native(SocketFamily family, const std::uint8_t* ip, std::uint32_t scope,
                           std::uint16_t port) noexcept {
  NativeAddress native;
  if (family == SocketFamily::ipv6) {
    sockaddr_in6 raw = {};
    raw.sin6_family = AF_INET6;
    raw.sin6_port = htons(port);
    raw.sin6_scope_id = scope;
    std::memcpy(&raw.sin6_addr, ip, sizeof raw.sin6_addr);
    std::memcpy(native.data(), &raw, sizeof raw);
    native.set_size(sizeof raw);
  } else {
    sockaddr_in raw = {};
    raw.sin_family = AF_INET;
    raw.sin_port = htons(port);
    std::memcpy(&raw.sin_addr, ip, sizeof raw.sin_addr);
    std::memcpy(native.data(), &raw, sizeof raw);
    native.set_size(sizeof raw);
  }
  return native;
}

std::optional<IpEndpoint> ip_from_native(const NativeAddress& native) noexcept {
  sa_family_t family = AF_UNSPEC;
  if (native.size() < sizeof(sockaddr_in)) return std::nullopt;
  std::memcpy(&family, native.data() + offsetof(sockaddr, sa_family), sizeof family);
  IpEndpoint endpoint;
  if (family == AF_INET) {
    sockaddr_in raw;
    std::memcpy(&raw, native.data(), sizeof raw);
    std::memcpy(endpoint.ip.data(), &raw.sin_addr, sizeof raw.sin_addr);
    endpoint.port = ntohs(raw.sin_port);
    return endpoint;
  }
  if (family != AF_INET6 || native.size() < sizeof(sockaddr_in6)) return std::nullopt;
  sockaddr_in6 raw;
  std::memcpy(&raw, native.data(), sizeof raw);
  endpoint.family = SocketFamily::ipv6;
  std::memcpy(endpoint.ip.data(), &raw.sin6_addr, sizeof raw.sin6_addr);
  endpoint.port = ntohs(raw.sin6_port);
  endpoint.scope = raw.sin6_scope_id;
  return endpoint;
}

bool parse_ip(SocketFamily family, const std::string& text, std::uint8_t* ip) noexcept {
  if (text.find('\0') != std::string::npos) return false;  // What inet_pton cannot see.
  return ::inet_pton(family == SocketFamily::ipv6 ? AF_INET6 : AF_INET, text.c_str(), ip) == 1;
}

std::string print_ip(SocketFamily family, const std::uint8_t* ip) {
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(family == SocketFamily::ipv6 ? AF_INET6 : AF_INET, ip, text, sizeof text);
  return text;
}

}  // namespace coil::detail
