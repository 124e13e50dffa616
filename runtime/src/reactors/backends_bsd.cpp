// The reactors of macOS, FreeBSD, NetBSD and OpenBSD.
#include "backends.h"

#include <array>

namespace coil::detail {

std::span<const Backend> platform_backends() noexcept {
  static constexpr std::array<Backend, 3> backends = {{
      {ReactorKind::kqueue, [](std::string&) { return make_kqueue_reactor(); }},
      {ReactorKind::poll, [](std::string&) { return make_poll_reactor(); }},
      {ReactorKind::select, [](std::string&) { return make_select_reactor(); }},
  }};
  return backends;
}

}  // namespace coil::detail
