// The process of a test program on POSIX systems.
#include "support/test_process.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/wine.h"

namespace coil::testing {

namespace {

// The name is copied here when a case starts, because a signal handler may only read plain memory.
char running_case[256] = "";

void say(const char* text) {
  const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
  static_cast<void>(written);
}

extern "C" void report_hang(int) {
  say("deadline passed in test case: ");
  say(running_case);
  say("\n");
  std::_Exit(124);
}

}  // namespace

void prepare_test_process() noexcept {
  std::signal(SIGALRM, report_hang);
  std::signal(SIGPIPE, SIG_DFL);
}

void arm_deadline(const char* test_case, unsigned seconds) noexcept {
  std::snprintf(running_case, sizeof running_case, "%s", test_case);
  ::alarm(seconds);
}

void disarm_deadline() noexcept { ::alarm(0); }

const char* running_test_case() noexcept { return running_case; }

std::ptrdiff_t open_descriptors() {
  using Iterator = std::filesystem::directory_iterator;
  return std::distance(Iterator("/proc/self/fd"), Iterator());
}

std::ptrdiff_t thread_count() {
  using Iterator = std::filesystem::directory_iterator;
  return std::distance(Iterator("/proc/self/task"), Iterator());
}

long peak_megabytes() {
  rusage usage = {};
  REQUIRE(::getrusage(RUSAGE_SELF, &usage) == 0);
  return usage.ru_maxrss >> 10;
}

std::string name_of_this_thread() {
  std::ifstream file("/proc/thread-self/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

std::filesystem::path make_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "coil-test-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  return name;
}

void set_environment(const char* name, const char* value) { ::setenv(name, value, 1); }

bool runs_on_wine() noexcept { return false; }

}  // namespace coil::testing
