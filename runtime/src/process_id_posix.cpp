// The number of this process on POSIX systems.
#include <coil/runtime/native_handle.h>

#include <unistd.h>

namespace coil {

long process_id() noexcept { return ::getpid(); }

}  // namespace coil
