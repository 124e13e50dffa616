// Windows has no SIGPIPE: a write that nobody reads any more fails with an error by itself.
#include "pipe_signal.h"

namespace coil::detail {

void survive_broken_pipes() noexcept {}

}  // namespace coil::detail
