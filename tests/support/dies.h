// Checks that broken requirements end the program, by breaking them in a child process.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace coil::testing {

// Runs `broken` in a child, and gives what it said before it aborted; empty if it did not abort.
// Call it before the test makes a reactor: a ring must not be shared with a child.
template <class F>
std::string last_words(F broken) {
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);
    ::dup2(pipe_ends[1], STDERR_FILENO);
    ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    broken();
    std::_Exit(0);
  }
  ::close(pipe_ends[1]);
  std::string words;
  char block[512];
  for (ssize_t size = 0; (size = ::read(pipe_ends[0], block, sizeof block)) > 0;) {
    words.append(block, static_cast<std::size_t>(size));
  }
  ::close(pipe_ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? words : std::string();
}

}  // namespace coil::testing
