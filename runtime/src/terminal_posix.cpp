// Whether a person is watching.
#include <coil/runtime/log.h>

#include <unistd.h>

namespace coil {

bool output_is_terminal() noexcept { return ::isatty(STDOUT_FILENO) == 1; }

}  // namespace coil
