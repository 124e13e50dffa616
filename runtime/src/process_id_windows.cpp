// The number of this process on Windows.
#include <coil/runtime/native_handle.h>

#include <windows.h>

namespace coil {

long process_id() noexcept { return static_cast<long>(::GetCurrentProcessId()); }

}  // namespace coil
