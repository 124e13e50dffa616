// Covers: reactor_factory.h: what making a reactor does to SIGPIPE. It happens in children, because
// only the first reactor of a process counts.
#include <coil/runtime.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

using namespace coil;

namespace {

constexpr int all_is_well = 7;

// What becomes of a child that runs `body`: its exit status, or minus the signal that ended it.
template <class F>
int fate(F body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) std::_Exit(body() ? all_is_well : 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void make_a_reactor() {
  const auto reactor = make_reactor(ReactorOptions().set_kind(ReactorKind::poll));
  run(*reactor, []() -> Task<void> { co_await yield(); }());
}

int write_to_nobody() {
  std::array<int, 2> ends;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return 0;
  ::close(ends[0]);
  const int error = ::write(ends[1], "x", 1) < 0 ? errno : 0;
  ::close(ends[1]);
  return error;
}

int times_noted = 0;
void note(int) { ++times_noted; }

}  // namespace

TEST_CASE("once there was a reactor, a write to a pipe that nobody reads is an error") {
  CHECK(fate([] { return write_to_nobody() == EPIPE; }) == -SIGPIPE);
  CHECK(fate([] {
          make_a_reactor();
          return write_to_nobody() == EPIPE;
        }) == all_is_well);
}

TEST_CASE("a program's own choice for SIGPIPE is left alone, before and after the first reactor") {
  CHECK(fate([] {
          std::signal(SIGPIPE, &note);
          make_a_reactor();
          return write_to_nobody() == EPIPE && times_noted == 1;
        }) == all_is_well);
  CHECK(fate([] {
          std::signal(SIGPIPE, SIG_IGN);
          make_a_reactor();
          return std::signal(SIGPIPE, SIG_DFL) == SIG_IGN;
        }) == all_is_well);
  CHECK(fate([] {
          make_a_reactor();
          std::signal(SIGPIPE, SIG_DFL);
          make_a_reactor();
          return write_to_nobody() == EPIPE;
        }) == -SIGPIPE);
}

TEST_CASE("looking at what reactors there are changes nothing") {
  CHECK(fate([] {
          static_cast<void>(available_reactors());
          return std::signal(SIGPIPE, SIG_DFL) == SIG_DFL;
        }) == all_is_well);
}

TEST_CASE("a program that is executed starts with the default") {
  CHECK(fate([] {
          make_a_reactor();
          ::execl("/bin/sh", "sh", "-c", "kill -PIPE $$; exit 7", nullptr);
          return false;
        }) == -SIGPIPE);
}
