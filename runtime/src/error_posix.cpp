// The numbers of POSIX systems are those of <cerrno>.
#include <coil/runtime/error.h>

namespace coil {

std::error_code system_error_code(int number) noexcept {
  return std::error_code(number, std::system_category());
}

}  // namespace coil
