// The reactors of Linux.
#include "backends.h"

#include <array>

namespace coil::detail {

std::span<const Backend> platform_backends() noexcept {
  static constexpr std::array<Backend, 4> backends = {{
      {ReactorKind::io_uring, &make_io_uring_reactor},
      {ReactorKind::epoll, [](std::string&) { return make_epoll_reactor(); }},
      {ReactorKind::poll, [](std::string&) { return make_poll_reactor(); }},
      {ReactorKind::select, [](std::string&) { return make_select_reactor(); }},
  }};
  return backends;
}

}  // namespace coil::detail
