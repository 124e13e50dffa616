// The process of a test program on Windows.
#include "support/test_process.h"

#include <windows.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/wine.h"

namespace coil::testing {

namespace {

std::string running_case;
HANDLE deadline = nullptr;

void CALLBACK report_hang(void*, BOOLEAN) {
  std::fprintf(stderr, "deadline passed in test case: %s\n", running_case.c_str());
  std::fflush(stderr);
  ::TerminateProcess(::GetCurrentProcess(), 124);
}

}  // namespace

// A test that breaks a requirement ends without a window that asks what to do.
void prepare_test_process() noexcept {
  ::SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
}

void arm_deadline(const char* test_case, unsigned seconds) noexcept {
  running_case = test_case;
  ::CreateTimerQueueTimer(&deadline, nullptr, &report_hang, nullptr, seconds * 1000, 0,
                          WT_EXECUTEONLYONCE);
}

void disarm_deadline() noexcept {
  if (deadline == nullptr) return;
  ::DeleteTimerQueueTimer(nullptr, deadline, INVALID_HANDLE_VALUE);
  deadline = nullptr;
}

const char* running_test_case() noexcept { return running_case.c_str(); }

bool runs_on_wine() noexcept {
  return ::GetProcAddress(::GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr;
}

// Sockets, which nothing makes behind a test's back as it is done with threads and events.
std::ptrdiff_t open_descriptors() {
  std::ptrdiff_t count = 0;
  for (std::uintptr_t value = 4; value < 0x4000; value += 4) {
    const auto handle = reinterpret_cast<HANDLE>(value);
    DWORD flags = 0;
    if (::GetHandleInformation(handle, &flags) == 0) continue;
    if (::GetFileType(handle) == FILE_TYPE_PIPE) ++count;
  }
  return count;
}

}  // namespace coil::testing
