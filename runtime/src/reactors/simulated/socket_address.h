// SocketAddress: an IP address and port as the simulation uses them. Included by its network.
#pragma once

#include <coil/runtime/detail/native_address.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace coil::detail {

class SocketAddress : public IpEndpoint {
 public:
  using Ip = std::array<std::uint8_t, 16>;  // IPv4 uses the first four bytes.

  SocketAddress() noexcept {}

  // Nothing for a family that the simulation does not have.
  static std::optional<SocketAddress> from_native(const NativeAddress& native) noexcept;
  static SocketAddress any(SocketFamily family) noexcept;
  static SocketAddress loopback(SocketFamily family) noexcept;
  NativeAddress to_native() const noexcept;

  bool is_any() const noexcept { return ip == Ip(); }
  bool is_loopback() const noexcept;
  bool is_multicast() const noexcept;
  bool is_broadcast() const noexcept;
  // The address from which the one machine of the simulation talks to this one.
  SocketAddress source() const noexcept;
  // The same, except that the any-address is where one reaches the machine itself.
  SocketAddress destination() const noexcept;
  // IPv6 carries IPv4 addresses too. This is the one that is meant by such an address, or itself …
  SocketAddress wire() const noexcept;
  // … and how a socket of `family` sees an IPv4 one.
  SocketAddress seen_by(SocketFamily viewer) const noexcept;
  // True if a socket bound to this address is one for what is sent to `target`.
  bool covers(const SocketAddress& target) const noexcept;
  std::string text() const;

  friend bool operator==(const SocketAddress&, const SocketAddress&) noexcept = default;
};

}  // namespace coil::detail
