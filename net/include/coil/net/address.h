// Addresses: where a socket is, as a value that can be parsed, compared and printed.
#pragma once

#include <coil/runtime/native_handle.h>
#include <coil/runtime/socket_calls.h>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coil {

// IpAddress: an IPv4 or IPv6 address without a port.
//
// Example (tests/examples/address_example.cpp, "parse"):
//
//   std::optional<IpAddress> ip = IpAddress::parse("fe80::1%2");
//   if (ip) std::puts(ip->to_string().c_str());
//
// Guarantees: Only numeric forms are accepted; nothing is looked up.
class IpAddress {
 public:
  // 0.0.0.0.
  IpAddress() noexcept {}
  // `text` is dotted IPv4, or IPv6 with an optional numeric scope behind '%'.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::array<std::uint8_t, 4> bytes) noexcept;
  static IpAddress v6(const std::array<std::uint8_t, 16>& bytes, std::uint32_t scope = 0) noexcept;

  bool is_v4() const noexcept { return !v6_; }
  bool is_v6() const noexcept { return v6_; }
  bool is_multicast() const noexcept;
  // 4 or 16 bytes, the most significant first.
  const std::uint8_t* bytes() const noexcept { return bytes_.data(); }
  std::uint32_t scope() const noexcept { return scope_; }
  std::string to_string() const;

  friend bool operator==(const IpAddress&, const IpAddress&) noexcept = default;
  friend auto operator<=>(const IpAddress&, const IpAddress&) noexcept = default;

 private:
  bool v6_ = false;
  std::array<std::uint8_t, 16> bytes_{};
  std::uint32_t scope_ = 0;
};

// Address: an IP address and a port.
//
// Example (tests/examples/address_example.cpp, "parse"):
//
//   Address server = Address::parse("[::1]:8007").value();
//   Address anywhere = Address::any(0);            // Any IPv4 interface; the system picks a port.
//   Address here = Address::loopback(8007);        // 127.0.0.1:8007
//
// Guarantees: Addresses compare by family, then bytes, scope and port; they work as keys of ordered
//             and of hash containers, Abseil's too.
class Address {
 public:
  // 0.0.0.0:0.
  Address() noexcept {}
  Address(const IpAddress& ip, std::uint16_t port) noexcept : ip_(ip), port_(port) {}

  // `text` is "127.0.0.1:80" or "[::1]:80".
  static std::optional<Address> parse(std::string_view text);
  static Address any(std::uint16_t port) noexcept { return {IpAddress(), port}; }
  static Address any_v6(std::uint16_t port) noexcept { return {IpAddress::v6({}), port}; }
  static Address loopback(std::uint16_t port) noexcept {
    return {IpAddress::v4({127, 0, 0, 1}), port};
  }
  static Address loopback_v6(std::uint16_t port) noexcept;

  const IpAddress& ip() const noexcept { return ip_; }
  std::uint16_t port() const noexcept { return port_; }
  SocketFamily family() const noexcept {
    return ip_.is_v6() ? SocketFamily::ipv6 : SocketFamily::ipv4;
  }
  // "127.0.0.1:80", "[::1]:80".
  std::string to_string() const;

  friend bool operator==(const Address&, const Address&) noexcept = default;
  friend auto operator<=>(const Address&, const Address&) noexcept = default;

  template <class H>
  friend H AbslHashValue(H state, const Address& address) {
    return H::combine_contiguous(H::combine(std::move(state), address.port_, address.ip_.scope()),
                                 address.ip_.bytes(), 16);
  }

 private:
  IpAddress ip_;
  std::uint16_t port_ = 0;
};

}  // namespace coil

template <>
struct std::hash<coil::Address> {
  std::size_t operator()(const coil::Address& address) const noexcept;
};
