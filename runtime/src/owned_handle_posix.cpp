// Closing a descriptor that no reactor serves.
#include <coil/runtime/owned_handle.h>

#include <unistd.h>

namespace coil {

// Linux frees the number even when close is interrupted: trying again could close another's.
void OwnedHandle::close() noexcept { ::close(handle_.descriptor()); }

}  // namespace coil
