// Addresses to and from the operating system's layout. Included by the module's sources.
#pragma once

#include <coil/net/address.h>
#include <coil/runtime/native_handle.h>

#include <optional>
#include <string>
#include <string_view>

namespace coil::detail {

NativeAddress to_native(const Address& address) noexcept;
// An address of a family that coil does not know gives the default address.
Address from_native(const NativeAddress& native) noexcept;
// Dotted IPv4, or IPv6 without a scope.
std::optional<IpAddress> parse_ip(std::string_view text);
std::string print_ip(const IpAddress& ip);

}  // namespace coil::detail
