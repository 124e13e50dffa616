// Covers: pid_file.h.
#include <coil/process.h>
#include <coil/runtime.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <chrono>
#include <csignal>
#include <optional>

#include "support/directory.h"
#include "support/forked.h"
#include "support/skip.h"

using namespace coil;
using namespace coil::testing;

namespace {

namespace fs = std::filesystem;

std::string own_line() { return std::to_string(::getpid()) + "\n"; }

// A process that does nothing until it is killed.
class Idle {
 public:
  Idle() : child_(::fork()) {
    while (child_ == 0) ::pause();
  }
  Idle(const Idle&) = delete;
  Idle& operator=(const Idle&) = delete;
  ~Idle() {
    ::kill(child_, SIGKILL);
    end_of(child_);
  }
  long number() const noexcept { return child_; }

 private:
  const pid_t child_;
};

TEST_CASE("a pid file names this process and goes with it") {
  const Directory directory;
  {
    const PidFile file(directory / "pid");
    CHECK(file.held());
    CHECK(text_of(directory / "pid") == own_line());
  }
  CHECK_FALSE(fs::exists(directory / "pid"));
}

TEST_CASE("a file that is held is refused, and the owner is named") {
  const Directory directory;
  const PidFile file(directory / "pid");
  try {
    PidFile second(directory / "pid");
    FAIL("it was taken twice");
  } catch (const PidFileHeld& error) {
    CHECK(error.owner() == ::getpid());
    CHECK(std::string(error.what()) == "process " + std::to_string(::getpid()) +
                                           " runs already: it holds the pid file " +
                                           (directory / "pid").string());
  }
  CHECK(text_of(directory / "pid") == own_line());
}

TEST_CASE("a lock counts, whatever the file says") {
  const Directory directory;
  for (const char* text : {"", "nonsense\n", "99999999\n", "-1\n", "12 34\n"}) {
    write_text(directory / "pid", text);
    const int descriptor = ::open((directory / "pid").c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(::flock(descriptor, LOCK_EX) == 0);
    CHECK_THROWS_AS(PidFile(directory / "pid"), PidFileHeld);
    ::close(descriptor);
    CHECK_NOTHROW(PidFile(directory / "pid"));
  }
}

TEST_CASE("a file that was left behind is taken over, whatever it says") {
  const Directory directory;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  end_of(dead);
  for (const std::string& text :
       {std::string(), std::string("nonsense\n"), std::to_string(dead) + "\n",
        std::string("99999999999999999999\n"), std::string("0\n"), std::string("-1\n"),
        own_line()}) {
    write_text(directory / "pid", text);
    const PidFile file(directory / "pid");
    CHECK(text_of(directory / "pid") == own_line());
  }
}

TEST_CASE("a killed owner leaves a file that is taken over at once") {
  const Directory directory;
  const Ended ended = run_in_child([&] {
    const PidFile file(directory / "pid");
    return ::kill(::getpid(), SIGKILL);
  });
  REQUIRE(ended.status == -SIGKILL);
  REQUIRE(fs::exists(directory / "pid"));
  const PidFile file(directory / "pid");
  CHECK(text_of(directory / "pid") == own_line());
}

TEST_CASE("a living process that does not lock its file is an owner, if it can have written it") {
  const Directory directory;
  const Idle idle;
  write_text(directory / "pid", std::to_string(idle.number()) + "\n");
  try {
    PidFile mine(directory / "pid");
    FAIL("it was taken from a living process");
  } catch (const PidFileHeld& error) {
    CHECK(error.owner() == idle.number());
  }
  CHECK(text_of(directory / "pid") == std::to_string(idle.number()) + "\n");
  // A file that is older than the process is about one before it that had the same number.
  fs::last_write_time(directory / "pid",
                      fs::last_write_time(directory / "pid") - std::chrono::hours(1));
  const PidFile mine(directory / "pid");
  CHECK(text_of(directory / "pid") == own_line());
}

TEST_CASE("an owner that has ended and that nobody has waited for is none") {
  const Directory directory;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t ended = {};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0);
  write_text(directory / "pid", std::to_string(child) + "\n");
  CHECK_NOTHROW(PidFile(directory / "pid"));
  end_of(child);
}

TEST_CASE("what is not this process's own is not removed") {
  const Directory directory;
  std::optional<PidFile> file(std::in_place, directory / "pid");
  fs::remove(directory / "pid");
  write_text(directory / "pid", "other\n");
  file.reset();
  CHECK(text_of(directory / "pid") == "other\n");

  file.emplace(directory / "pid");
  const Ended ended = run_in_child([&] {
    file.reset();  // A copy of the parent's.
    return 0;
  });
  CHECK(ended.status == 0);
  CHECK(text_of(directory / "pid") == own_line());
  CHECK_THROWS_AS(PidFile(directory / "pid"), PidFileHeld);
  file->release();
  CHECK_FALSE(file->held());
  CHECK_FALSE(fs::exists(directory / "pid"));
  file->release();
}

TEST_CASE("a file under a name that it has no more is emptied, and found under its new one") {
  const Directory directory;
  {
    PidFile file(directory / "pid");
    fs::rename(directory / "pid", directory / "moved");
  }
  CHECK(fs::exists(directory / "moved"));
  CHECK(text_of(directory / "moved").empty());
  {
    PidFile file(directory / "pid");
    fs::rename(directory / "pid", directory / "moved");
    file.set_name(directory / "moved");
  }
  CHECK_FALSE(fs::exists(directory / "moved"));
}

TEST_CASE("a link, a pipe, a directory or a missing folder is refused with a sentence") {
  const Directory directory;
  write_text(directory / "target", "precious");
  fs::create_symlink(directory / "target", directory / "link");
  REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
  for (const fs::path& name :
       {directory / "link", directory / "pipe", directory.path(), directory / "no" / "pid"}) {
    try {
      PidFile file(name);
      FAIL("it was taken: " << name.string());
    } catch (const SystemError& error) {
      CHECK(std::string(error.what()).find(name.string()) != std::string::npos);
    }
  }
  CHECK(text_of(directory / "target") == "precious");
}

// Runs a child until it is about to lock a file; false, with a note, where it cannot be traced.
bool stop_before_lock(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status)) {
    note_lack("a file that goes between its opening and its lock", "a child cannot be traced");
    return false;
  }
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  for (;;) {
    ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSTOPPED(status));
    __ptrace_syscall_info call = {};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof call, &call);
    if (call.op == PTRACE_SYSCALL_INFO_ENTRY && call.entry.nr == SYS_flock) return true;
  }
}

TEST_CASE("a lock on a file that was removed before it was locked is none") {
  const Directory directory;
  std::optional<PidFile> owner(std::in_place, directory / "pid");
  const pid_t child = ::fork();
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(77);
    ::raise(SIGSTOP);
    const PidFile mine(directory / "pid");
    ::_exit(text_of(directory / "pid") == own_line() ? 0 : 1);
  }
  if (!stop_before_lock(child)) return;
  owner.reset();
  ::ptrace(PTRACE_DETACH, child, nullptr, nullptr);
  CHECK(end_of(child) == 0);
}

// Many processes try at once, again and again; each adds a line while it holds the file, and takes
// it away.
TEST_CASE("of many that try at once, one at a time holds the file") {
  const Directory directory;
  const auto contend = [&] {
    int held = 0;
    while (held < 50) {
      try {
        const PidFile mine(directory / "pid");
        const int descriptor =
            ::open((directory / "inside").c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (descriptor < 0) return 1;  // Somebody else holds it as well.
        ::close(descriptor);
        if (text_of(directory / "pid") != own_line()) return 2;
        fs::remove(directory / "inside");
        ++held;
      } catch (const PidFileHeld&) {
        ::sched_yield();
      }
    }
    return 0;
  };
  std::vector<pid_t> children;
  for (int count = 0; count < 4; ++count) {
    children.push_back(::fork());
    if (children.back() == 0) ::_exit(contend());
  }
  for (const pid_t child : children) CHECK(end_of(child) == 0);
  CHECK_FALSE(fs::exists(directory / "pid"));
}

}  // namespace
