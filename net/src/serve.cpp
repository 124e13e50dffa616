// What accepting goes on after.
#include <coil/net/serve.h>

#include <algorithm>
#include <array>

namespace coil::detail {

// Linux gives errors that are pending on a new socket as the result of accept, and a firewall may
// refuse one connection with EPERM; see accept(2), "Error handling".
bool lost_before_accept(std::error_code code) noexcept {
  static constexpr std::array lost = {
      std::errc::connection_aborted, std::errc::connection_reset,
      std::errc::protocol_error,     std::errc::no_protocol_option,
      std::errc::network_down,       std::errc::network_unreachable,
      std::errc::host_unreachable,   std::errc::operation_not_permitted};
  return std::any_of(lost.begin(), lost.end(), [&](std::errc each) { return code == each; });
}

}  // namespace coil::detail
