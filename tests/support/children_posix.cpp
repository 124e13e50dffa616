// A test's children on POSIX systems.
#include "support/children.h"

#include <coil/runtime/error.h>
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "support/skip.h"

namespace coil::testing {

bool has_no_child() {
  siginfo_t info;
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

bool is_there(int pid) { return std::filesystem::exists("/proc/" + std::to_string(pid)); }

void await_end_of(int pid) {
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
}

void kill_and_reap(int pid) {
  ::kill(pid, SIGKILL);
  REQUIRE(::waitpid(pid, nullptr, 0) == pid);
}

void set_own_variable(const char* name, const char* value) {
  REQUIRE((value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1)) == 0);
}

std::string usual_folder() { return "/usr"; }

std::string path_separator() { return ":"; }

std::string no_such_file() { return system_error_code(ENOENT).message(); }

bool may_open(unsigned count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  if (limit.rlim_cur >= count) return true;
  limit.rlim_cur = count;
  if (count <= limit.rlim_max && ::setrlimit(RLIMIT_NOFILE, &limit) == 0) return true;
  note_lack("crowds of children", "so many descriptors cannot be had");
  return false;
}

}  // namespace coil::testing
