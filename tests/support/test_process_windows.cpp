// The process of a test program on Windows.
#include "support/test_process.h"

#include <doctest/doctest.h>
#include <windows.h>

#include <psapi.h>
#include <tlhelp32.h>

#include <atomic>
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

std::ptrdiff_t thread_count() {
  const HANDLE all = ::CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
  REQUIRE(all != INVALID_HANDLE_VALUE);
  THREADENTRY32 entry = {};
  entry.dwSize = sizeof entry;
  std::ptrdiff_t count = 0;
  for (BOOL more = ::Thread32First(all, &entry); more != 0; more = ::Thread32Next(all, &entry)) {
    if (entry.th32OwnerProcessID == ::GetCurrentProcessId()) ++count;
  }
  ::CloseHandle(all);
  return count;
}

long peak_megabytes() {
  PROCESS_MEMORY_COUNTERS counters = {};
  REQUIRE(::K32GetProcessMemoryInfo(::GetCurrentProcess(), &counters, sizeof counters) != 0);
  return static_cast<long>(counters.PeakWorkingSetSize >> 20);
}

// Windows before the tenth has no such call.
std::string name_of_this_thread() {
  using GetDescription = HRESULT(WINAPI*)(HANDLE, PWSTR*);
  static const auto get = reinterpret_cast<GetDescription>(reinterpret_cast<void*>(
      ::GetProcAddress(::GetModuleHandleW(L"kernel32.dll"), "GetThreadDescription")));
  PWSTR wide = nullptr;
  if (get == nullptr || get(::GetCurrentThread(), &wide) < 0) return {};
  std::string name;
  for (const wchar_t* letter = wide; *letter != 0; ++letter) name += static_cast<char>(*letter);
  ::LocalFree(wide);
  return name;
}

std::filesystem::path make_directory() {
  static std::atomic<int> made{0};
  const std::string name =
      "coil-test-" + std::to_string(::GetCurrentProcessId()) + "-" + std::to_string(++made);
  const std::filesystem::path path = std::filesystem::temp_directory_path() / name;
  REQUIRE(std::filesystem::create_directory(path));
  return path;
}

void set_environment(const char* name, const char* value) {
  ::_putenv_s(name, value);  // What std::getenv reads.
}

}  // namespace coil::testing
