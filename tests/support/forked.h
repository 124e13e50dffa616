// A child process that runs a function of the test, and what it says by pipes.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <functional>
#include <string>

namespace coil::testing {

// What became of a child: what it printed, both ways, and its exit status; minus a signal's number.
struct Ended {
  std::string text;
  int status = 0;
};

inline int end_of(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

inline std::string read_all(int descriptor) {
  std::string text;
  char block[512];
  for (ssize_t size = 0; (size = ::read(descriptor, block, sizeof block)) > 0;) {
    text.append(block, static_cast<std::size_t>(size));
  }
  return text;
}

// Runs `body` in a child until it returns the exit status. Call it where no reactor is.
inline Ended run_in_child(const std::function<int()>& body) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  std::fflush(nullptr);  // What is in a buffer now would be printed twice.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::_exit(body());
  }
  ::close(ends[1]);
  Ended ended;
  ended.text = read_all(ends[0]);
  ::close(ends[0]);
  ended.status = end_of(child);
  return ended;
}

}  // namespace coil::testing
