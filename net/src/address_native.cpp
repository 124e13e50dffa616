// The only file of the module that sees sockaddr.
#include "address_native.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace coil::detail {

NativeAddress to_native(const Address& address) noexcept {
  NativeAddress native;
  if (address.ip().is_v6()) {
    sockaddr_in6 raw = {};
    raw.sin6_family = AF_INET6;
    raw.sin6_port = htons(address.port());
    raw.sin6_scope_id = address.ip().scope();
    std::memcpy(&raw.sin6_addr, address.ip().bytes(), 16);
    std::memcpy(native.data(), &raw, sizeof raw);
    native.set_size(sizeof raw);
  } else {
    sockaddr_in raw = {};
    raw.sin_family = AF_INET;
    raw.sin_port = htons(address.port());
    std::memcpy(&raw.sin_addr, address.ip().bytes(), 4);
    std::memcpy(native.data(), &raw, sizeof raw);
    native.set_size(sizeof raw);
  }
  return native;
}

Address from_native(const NativeAddress& native) noexcept {
  sa_family_t family = AF_UNSPEC;
  if (native.size() >= sizeof family) {
    std::memcpy(&family, native.data() + offsetof(sockaddr, sa_family), sizeof family);
  }
  if (family == AF_INET && native.size() >= sizeof(sockaddr_in)) {
    sockaddr_in raw;
    std::memcpy(&raw, native.data(), sizeof raw);
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &raw.sin_addr, bytes.size());
    return {IpAddress::v4(bytes), ntohs(raw.sin_port)};
  }
  if (family == AF_INET6 && native.size() >= sizeof(sockaddr_in6)) {
    sockaddr_in6 raw;
    std::memcpy(&raw, native.data(), sizeof raw);
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &raw.sin6_addr, bytes.size());
    return {IpAddress::v6(bytes, raw.sin6_scope_id), ntohs(raw.sin6_port)};
  }
  return Address();
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string ended(text);
  if (ended.find('\0') != std::string::npos) return std::nullopt;  // What inet_pton cannot see.
  in_addr v4 = {};
  if (::inet_pton(AF_INET, ended.c_str(), &v4) == 1) {
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &v4, bytes.size());
    return IpAddress::v4(bytes);
  }
  std::array<std::uint8_t, 16> bytes;
  if (::inet_pton(AF_INET6, ended.c_str(), bytes.data()) == 1) return IpAddress::v6(bytes);
  return std::nullopt;
}

std::string print_ip(const IpAddress& ip) {
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(ip.is_v6() ? AF_INET6 : AF_INET, ip.bytes(), text, sizeof text);
  return text;
}

}  // namespace coil::detail
