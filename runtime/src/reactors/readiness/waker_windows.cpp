// The waker on Windows: an event, which is set however often it is set. Only the simulation sleeps
// on it; a completion port is woken through itself.
#include "waker.h"

#include "../../native_error_windows.h"

#include <windows.h>

namespace coil::detail {

namespace {

HANDLE event_of(NativeHandle handle) noexcept { return reinterpret_cast<HANDLE>(handle.value()); }

}  // namespace

Waker::Waker() {
  const HANDLE event = ::CreateEventW(nullptr, TRUE, FALSE, nullptr);
  if (event == nullptr) throw SystemError(last_windows_error(), "CreateEvent");
  handle_ = bell_ = NativeHandle(reinterpret_cast<std::intptr_t>(event));
}

Waker::~Waker() { ::CloseHandle(event_of(handle_)); }

void Waker::wake() noexcept { ::SetEvent(event_of(bell_)); }

void Waker::drain() noexcept { ::ResetEvent(event_of(handle_)); }

}  // namespace coil::detail
