// Names and processors of threads on Windows.
#include <coil/runtime/detail/thread_calls.h>

#include <windows.h>

#include <algorithm>
#include <bit>
#include <climits>

namespace coil::detail {

namespace {

// The processors of this process within its group; 0 if it has several groups of them, of which a
// mask says nothing.
DWORD_PTR allowed_cores() {
  DWORD_PTR own = 0;
  DWORD_PTR machine = 0;
  return ::GetProcessAffinityMask(::GetCurrentProcess(), &own, &machine) != 0 ? own : 0;
}

using SetDescription = HRESULT(WINAPI*)(HANDLE, PCWSTR);

}  // namespace

// Windows before the tenth has no such call.
void name_this_thread(const std::string& name) {
  static const auto set = reinterpret_cast<SetDescription>(reinterpret_cast<void*>(
      ::GetProcAddress(::GetModuleHandleW(L"kernel32.dll"), "SetThreadDescription")));
  if (set == nullptr) return;
  const int size = ::MultiByteToWideChar(CP_UTF8, 0, name.c_str(), -1, nullptr, 0);
  if (size <= 0) return;
  std::wstring wide(static_cast<std::size_t>(size), L'\0');
  ::MultiByteToWideChar(CP_UTF8, 0, name.c_str(), -1, wide.data(), size);
  set(::GetCurrentThread(), wide.c_str());
}

void keep_this_thread_on(unsigned core) {
  const DWORD_PTR allowed = allowed_cores();
  if (allowed == 0) return;
  unsigned left = core % static_cast<unsigned>(std::popcount(allowed));
  for (unsigned number = 0; number < sizeof allowed * CHAR_BIT; ++number) {
    const DWORD_PTR mine = DWORD_PTR{1} << number;
    if ((allowed & mine) == 0 || left-- != 0) continue;
    ::SetThreadAffinityMask(::GetCurrentThread(), mine);
    return;
  }
}

// Nobody asks: sockets do not share a port here.
int processor_of_this_thread() { return -1; }

unsigned usable_cores() {
  const int allowed = std::popcount(allowed_cores());
  if (allowed != 0) return static_cast<unsigned>(allowed);
  return std::max(1U, static_cast<unsigned>(::GetActiveProcessorCount(ALL_PROCESSOR_GROUPS)));
}

}  // namespace coil::detail
