// Children that break a requirement on POSIX systems.
#include "support/dies.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace coil::testing {

std::string last_words(const std::function<void()>& broken) {
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
