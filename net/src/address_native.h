// Addresses to and from the operating system's layout. Included by the module's sources.
#pragma once

#include <coil/net/address.h>
#include <coil/runtime/native_handle.h>

#include <optional>
#include <string>

namespace coil::detail {

NativeAddress to_native(const Address& address) noexcept;
// An address of a family that coil does not know gives the default address.
Address from_native(const NativeAddress& native) noexcept;
std::optional<IpAddress> parse_ip(const std::string& text);
std::string print_ip(const IpAddress& ip);

}  // namespace coil::detail
