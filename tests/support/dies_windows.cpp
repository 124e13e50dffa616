// Children that break a requirement on Windows, which cannot copy a process: the program is started
// again for the same test case, and comes to the same call with the order to obey it.
#include "support/dies.h"

#include <doctest/doctest.h>
#include <windows.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "support/test_process.h"

namespace coil::testing {

namespace {

constexpr const char* order = "COIL_TEST_DIES";  // The number of the call in its test case.
constexpr DWORD aborted = 3;

int calls = 0;  // In the running case.
std::string counted_case;

int next_call() {
  if (counted_case != running_test_case()) calls = 0;
  counted_case = running_test_case();
  return ++calls;
}

// As doctest reads a filter: a comma in it would begin another one.
std::string filter_for(const std::string& test_case) {
  std::string filter;
  for (const char letter : test_case) {
    if (letter == ',' || letter == '\\') filter += '\\';
    filter += letter == '"' ? '?' : letter;
  }
  return filter;
}

struct Child {
  std::string words;
  DWORD status = 0;
};

Child run_again(int call) {
  SECURITY_ATTRIBUTES inherited = {sizeof inherited, nullptr, TRUE};
  HANDLE reading = nullptr;
  HANDLE writing = nullptr;
  REQUIRE(::CreatePipe(&reading, &writing, &inherited, 0) != 0);
  ::SetHandleInformation(reading, HANDLE_FLAG_INHERIT, 0);
  char program[MAX_PATH] = "";
  ::GetModuleFileNameA(nullptr, program, sizeof program);
  std::string line =
      "\"" + std::string(program) + "\" \"--test-case=" + filter_for(running_test_case()) + "\"";
  STARTUPINFOA start = {};
  start.cb = sizeof start;
  start.dwFlags = STARTF_USESTDHANDLES;
  start.hStdError = writing;
  PROCESS_INFORMATION process = {};
  ::SetEnvironmentVariableA(order, std::to_string(call).c_str());
  const BOOL started = ::CreateProcessA(program, line.data(), nullptr, nullptr, TRUE, 0, nullptr,
                                        nullptr, &start, &process);
  ::SetEnvironmentVariableA(order, nullptr);
  ::CloseHandle(writing);
  REQUIRE(started != 0);
  Child child;
  char block[512];
  for (DWORD size = 0;
       ::ReadFile(reading, block, sizeof block, &size, nullptr) != 0 && size != 0;) {
    child.words.append(block, size);
  }
  ::CloseHandle(reading);
  ::WaitForSingleObject(process.hProcess, INFINITE);
  ::GetExitCodeProcess(process.hProcess, &child.status);
  ::CloseHandle(process.hThread);
  ::CloseHandle(process.hProcess);
  return child;
}

}  // namespace

std::string last_words(const std::function<void()>& broken) {
  const int call = next_call();
  if (const char* ordered = std::getenv(order)) {
    if (std::atoi(ordered) != call) return {};
    std::signal(SIGABRT, SIG_DFL);
    broken();
    std::_Exit(0);
  }
  Child child = run_again(call);
  if (child.status != aborted) return {};
  // The C library ends lines in two characters here.
  std::erase(child.words, '\r');
  return child.words;
}

}  // namespace coil::testing
