// The reactors of Windows.
#include "backends.h"

#include <array>

namespace coil::detail {

std::span<const Backend> platform_backends() noexcept {
  static constexpr std::array<Backend, 1> backends = {{
      {ReactorKind::iocp, [](std::string&) { return make_iocp_reactor(); }},
  }};
  return backends;
}

}  // namespace coil::detail
