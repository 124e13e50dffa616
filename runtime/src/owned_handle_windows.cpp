// Closing a handle that no reactor serves.
#include <coil/runtime/owned_handle.h>

#include <winsock2.h>

#include <windows.h>

namespace coil {

// Nearly always it is a socket, which CloseHandle would close without telling Winsock.
void OwnedHandle::close() noexcept {
  const auto socket = static_cast<SOCKET>(handle_.value());
  if (::closesocket(socket) == 0) return;
  // Winsock does not know it, or has not begun in this process at all.
  const int error = ::WSAGetLastError();
  if (error != WSAENOTSOCK && error != WSANOTINITIALISED) return;
  ::CloseHandle(reinterpret_cast<HANDLE>(handle_.value()));
}

}  // namespace coil
