// The reactors of Windows.
#include "backends.h"

namespace coil::detail {

std::span<const Backend> platform_backends() noexcept { return {}; }

}  // namespace coil::detail
