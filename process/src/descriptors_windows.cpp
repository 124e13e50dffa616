// Descriptors of the C library, for pipes between children.
#include "owned_descriptor.h"

#include <coil/runtime/error.h>

#include <fcntl.h>
#include <io.h>

#include <array>
#include <cerrno>
#include <utility>

namespace coil::detail {

void OwnedDescriptor::close() noexcept {
  if (number_ >= 0) ::_close(std::exchange(number_, -1));
}

PipeEnds open_pipe() {
  std::array<int, 2> ends{};
  if (::_pipe(ends.data(), 64 * 1024, _O_BINARY | _O_NOINHERIT) != 0) {
    throw SystemError(system_error_code(errno), "pipe");
  }
  return {OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1])};
}

}  // namespace coil::detail
