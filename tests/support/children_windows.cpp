// A test's children on Windows, where nobody has to reap what has ended.
#include "support/children.h"

#include <coil/runtime/error.h>
#include <doctest/doctest.h>
#include <windows.h>

#include <tlhelp32.h>

#include <cerrno>

namespace coil::testing {

namespace {

// Null if it has ended, or never was.
HANDLE opened(DWORD pid, DWORD access) {
  const HANDLE process = ::OpenProcess(access | SYNCHRONIZE, FALSE, pid);
  if (process == nullptr) return nullptr;
  if (::WaitForSingleObject(process, 0) == WAIT_TIMEOUT) return process;
  ::CloseHandle(process);
  return nullptr;
}

}  // namespace

bool is_there(int pid) {
  const HANDLE process = opened(static_cast<DWORD>(pid), 0);
  if (process == nullptr) return false;
  ::CloseHandle(process);
  return true;
}

bool has_no_child() {
  const HANDLE all = ::CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
  REQUIRE(all != INVALID_HANDLE_VALUE);
  PROCESSENTRY32W each = {};
  each.dwSize = sizeof each;
  bool found = false;
  for (BOOL more = ::Process32FirstW(all, &each); more != 0; more = ::Process32NextW(all, &each)) {
    found = found || (each.th32ParentProcessID == ::GetCurrentProcessId() &&
                      is_there(static_cast<int>(each.th32ProcessID)));
  }
  ::CloseHandle(all);
  return !found;
}

void await_end_of(int pid) {
  const HANDLE process = ::OpenProcess(SYNCHRONIZE, FALSE, static_cast<DWORD>(pid));
  if (process == nullptr) return;
  ::WaitForSingleObject(process, INFINITE);
  ::CloseHandle(process);
}

void kill_and_reap(int pid) {
  const HANDLE process = opened(static_cast<DWORD>(pid), PROCESS_TERMINATE);
  REQUIRE(process != nullptr);
  CHECK(::TerminateProcess(process, 1) != 0);
  ::WaitForSingleObject(process, INFINITE);
  ::CloseHandle(process);
}

void set_own_variable(const char* name, const char* value) {
  REQUIRE(::SetEnvironmentVariableA(name, value) != 0);
}

std::string usual_folder() { return "C:\\windows"; }

std::string path_separator() { return ";"; }

std::string no_such_file() { return system_error_code(ENOENT).message(); }

bool may_open(unsigned) { return true; }  // Handles have no such limit.

}  // namespace coil::testing
