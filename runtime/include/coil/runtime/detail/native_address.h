// Internet addresses in and out of the operating system's layout, and of text.
#pragma once

#include <coil/runtime/native_handle.h>
#include <coil/runtime/socket_calls.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace coil::detail {

// What a socket address of the internet says.
struct IpEndpoint {
  SocketFamily family = SocketFamily::ipv4;
  std::array<std::uint8_t, 16> ip{};  // IPv4 uses the first four bytes.
  std::uint32_t scope = 0;
  std::uint16_t port = 0;

  friend bool operator==(const IpEndpoint&, const IpEndpoint&) noexcept = default;
};

// `ip` has 4 or 16 bytes; IPv4 has no scope.
NativeAddress ip_to_native(SocketFamily family, const std::uint8_t* ip, std::uint32_t scope,
                           std::uint16_t port) noexcept;
// Nothing for another family.
std::optional<IpEndpoint> ip_from_native(const NativeAddress& native) noexcept;

// Dotted IPv4, or IPv6 without a scope, into 4 or 16 bytes; false if it is none.
bool parse_ip(SocketFamily family, const std::string& text, std::uint8_t* ip) noexcept;
std::string print_ip(SocketFamily family, const std::uint8_t* ip);

}  // namespace coil::detail
