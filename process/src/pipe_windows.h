// Pipes of Windows, and handles that are closed with their owner. Included by the Windows files of
// this module.
#pragma once

#include <coil/runtime/owned_handle.h>

#include <windows.h>

namespace coil::detail {

inline HANDLE to_handle(NativeHandle native) noexcept {
  return reinterpret_cast<HANDLE>(native.value());
}
inline OwnedHandle owned(HANDLE handle) noexcept {
  return OwnedHandle(NativeHandle(reinterpret_cast<std::intptr_t>(handle)));
}
inline HANDLE get(const OwnedHandle& handle) noexcept { return to_handle(handle.get()); }

// A pipe between this process and a child: its own end is for a completion port, the child's end
// blocks and is inherited.
struct ChildPipe {
  OwnedHandle ours;
  OwnedHandle childs;
};
// Errors: SystemError.
ChildPipe open_child_pipe(bool reads);
// A copy that a child inherits. Errors: SystemError.
OwnedHandle inheritable_copy(HANDLE handle);
// What neither gives nor takes anything, inherited.
OwnedHandle open_null();

// The handle of a descriptor of the C library; INVALID_HANDLE_VALUE where there is none.
HANDLE handle_of(int descriptor) noexcept;

}  // namespace coil::detail
