// Whether a person is watching: a console, but no pipe and no file.
#include <coil/runtime/log.h>

#include <windows.h>

namespace coil {

bool output_is_terminal() noexcept {
  DWORD mode = 0;
  return ::GetConsoleMode(::GetStdHandle(STD_OUTPUT_HANDLE), &mode) != 0;
}

}  // namespace coil
