// Pipes by name: those without one cannot be served by a completion port.
#include "pipe_windows.h"

#include "text_windows.h"

#include <io.h>

#include <atomic>
#include <string>

namespace coil::detail {

namespace {

constexpr DWORD pipe_bytes = 64 * 1024;

// Of this process, and one of them only: nobody else's pipe of that name is taken for it.
std::wstring next_name() {
  static std::atomic<unsigned> last{0};
  return L"\\\\.\\pipe\\coil-" + std::to_wstring(::GetCurrentProcessId()) + L"-" +
         std::to_wstring(++last);
}

SECURITY_ATTRIBUTES inherited() noexcept {
  SECURITY_ATTRIBUTES attributes = {};
  attributes.nLength = sizeof attributes;
  attributes.bInheritHandle = TRUE;
  return attributes;
}

}  // namespace

// The end that is written to can be read as well, though nothing ever comes: that is how it is seen
// that the child has closed its end.
ChildPipe open_child_pipe(bool reads) {
  const std::wstring name = next_name();
  ChildPipe pipe;
  const HANDLE ours = ::CreateNamedPipeW(
      name.c_str(),
      (reads ? PIPE_ACCESS_INBOUND : PIPE_ACCESS_DUPLEX) | FILE_FLAG_OVERLAPPED |
          FILE_FLAG_FIRST_PIPE_INSTANCE,
      PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, pipe_bytes,
      pipe_bytes, 0, nullptr);
  if (ours == INVALID_HANDLE_VALUE) throw_last("pipe");
  pipe.ours = owned(ours);
  SECURITY_ATTRIBUTES attributes = inherited();
  const DWORD access =
      reads ? GENERIC_WRITE | FILE_READ_ATTRIBUTES : GENERIC_READ | FILE_WRITE_ATTRIBUTES;
  const HANDLE childs =
      ::CreateFileW(name.c_str(), access, 0, &attributes, OPEN_EXISTING, 0, nullptr);
  if (childs == INVALID_HANDLE_VALUE) throw_last("pipe");
  pipe.childs = owned(childs);
  return pipe;
}

OwnedHandle inheritable_copy(HANDLE handle) {
  HANDLE copy = nullptr;
  const HANDLE process = ::GetCurrentProcess();
  if (::DuplicateHandle(process, handle, process, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS) == 0) {
    throw_last("duplicate");
  }
  return owned(copy);
}

OwnedHandle open_null() {
  SECURITY_ATTRIBUTES attributes = inherited();
  const HANDLE null =
      ::CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                    &attributes, OPEN_EXISTING, 0, nullptr);
  if (null == INVALID_HANDLE_VALUE) throw_last("NUL");
  return owned(null);
}

HANDLE handle_of(int descriptor) noexcept {
  const std::intptr_t value = ::_get_osfhandle(descriptor);
  return value < 0 ? INVALID_HANDLE_VALUE : reinterpret_cast<HANDLE>(value);
}

}  // namespace coil::detail
