// Covers: daemon.h.
#include <coil/process.h>
#include <coil/runtime.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>

#include "support/dies.h"
#include "support/directory.h"
#include "support/forked.h"
#include "support/skip.h"

using namespace coil;
using namespace coil::testing;

namespace {

namespace fs = std::filesystem;

#if defined(__SANITIZE_THREAD__)
constexpr bool has_foreign_thread = true;
#elif defined(__has_feature)
constexpr bool has_foreign_thread = __has_feature(thread_sanitizer);
#else
constexpr bool has_foreign_thread = false;
#endif

// A pipe between the test and a daemon, which nobody can wait for in another way.
class Line {
 public:
  Line() { REQUIRE(::pipe2(ends_, O_CLOEXEC) == 0); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  void say(const std::string& text) const {
    [[maybe_unused]] const ssize_t size = ::write(ends_[1], text.data(), text.size());
  }
  std::string word() const {
    char text[512];
    const ssize_t size = ::read(ends_[0], text, sizeof text);
    return {text, static_cast<std::size_t>(size < 0 ? 0 : size)};
  }

 private:
  int ends_[2];
};

bool is_null_device(int descriptor) {
  struct stat ours = {};
  struct stat device = {};
  return ::fstat(descriptor, &ours) == 0 && ::stat("/dev/null", &device) == 0 &&
         ours.st_rdev == device.st_rdev && S_ISCHR(ours.st_mode);
}

TEST_CASE("a daemon leaves its session and its terminal, and its command ends when it is ready") {
  const Line line;
  const pid_t test_session = ::getsid(0);
  const Ended command = run_in_child([&] {
    const pid_t command_number = ::getpid();
    std::printf("printed once\n");  // In the buffer when the process forks.
    Daemon daemon = daemonize();
    std::printf("before\n");
    const bool own_output = !is_null_device(STDOUT_FILENO) && is_null_device(STDIN_FILENO);
    const bool told = daemon.told();
    daemon.ready();
    std::printf("after\n");
    const bool apart = ::getpid() != command_number && ::getsid(0) != test_session &&
                       ::getsid(0) != ::getpid() && ::getpgrp() != ::getpid();
    const bool silent = is_null_device(STDOUT_FILENO) && is_null_device(STDERR_FILENO);
    daemon.ready();
    daemon.fail("too late");
    line.say(std::to_string(own_output) + std::to_string(!told) + std::to_string(apart) +
             std::to_string(silent) + std::to_string(fs::current_path() == "/") +
             std::to_string(daemon.told()));
    return 0;
  });
  CHECK(command.status == 0);
  CHECK(command.text == "printed once\nbefore\n");
  CHECK(line.word() == "111111");
}

TEST_CASE("a daemon that fails gives its command the sentence and the status") {
  const Ended command = run_in_child([] {
    Daemon daemon = daemonize();
    daemon.fail("the port is taken", 3);
    daemon.ready();
    return 0;
  });
  CHECK(command.status == 3);
  CHECK(command.text == "the port is taken\n");
  const Ended wordy = run_in_child([] {
    daemonize().fail(std::string(100'000, 'x'));
    return 0;
  });
  CHECK(wordy.status == 1);
  std::string cut(2048, 'x');
  cut += '\n';
  CHECK(wordy.text == cut);
}

TEST_CASE("a daemon that ends without a word is a failure") {
  for (const bool killed : {false, true}) {
    const Ended command = run_in_child([killed] {
      std::printf("printed before\n");
      Daemon daemon = daemonize();
      if (killed) ::raise(SIGKILL);
      Daemon moved = std::move(daemon);
      return 0;
    });
    CHECK(command.status == 1);
    CHECK(command.text == "printed before\nthe daemon ended before it was ready\n");
  }
}

TEST_CASE("a daemon goes on when its command was interrupted") {
  const Line to_daemon;
  const Line to_test;
  std::fflush(nullptr);
  const pid_t command = ::fork();
  if (command == 0) {
    std::signal(SIGPIPE, SIG_DFL);
    Daemon daemon = daemonize();
    to_test.say("up");
    to_daemon.word();
    daemon.ready();
    to_test.say("goes on");
    ::_exit(0);
  }
  CHECK(to_test.word() == "up");
  ::kill(command, SIGKILL);
  CHECK(end_of(command) == -SIGKILL);
  to_daemon.say("go");
  CHECK(to_test.word() == "goes on");
}

TEST_CASE("a daemon may change its root before it is ready") {
  if (Identity::current().user() != 0) {
    note_lack("a root of its own", "the tests do not run as root");
    return;
  }
  const Directory directory;
  const Line line;
  const Ended command = run_in_child([&] {
    Daemon daemon = daemonize();
    change_root(directory.path());
    daemon.ready();
    struct stat device = {};
    ::fstat(STDOUT_FILENO, &device);
    line.say(S_ISCHR(device.st_mode) ? "silent" : "loud");
    return 0;
  });
  CHECK(command.status == 0);
  CHECK(line.word() == "silent");
}

TEST_CASE("a command without standard descriptors gets a daemon all the same") {
  const Line line;
  const Ended command = run_in_child([&] {
    for (const int descriptor : {0, 1, 2}) ::close(descriptor);
    Daemon daemon = daemonize();
    daemon.ready();
    const bool silent = is_null_device(0) && is_null_device(1) && is_null_device(2);
    line.say(silent ? "silent" : "loud");
    return 0;
  });
  CHECK(command.status == 0);
  CHECK(line.word() == "silent");
}

TEST_CASE("the directory is where the daemon works, and must be there") {
  const Directory directory;
  const Line line;
  const Ended command = run_in_child([&] {
    daemonize(DaemonOptions().set_directory(directory.path())).ready();
    line.say(fs::current_path().string());
    return 0;
  });
  CHECK(command.status == 0);
  CHECK(line.word() == directory.path().string());
  CHECK_THROWS_AS(daemonize(DaemonOptions().set_directory(directory / "none")), SystemError);
  CHECK_THROWS_AS(daemonize(DaemonOptions().set_directory(std::string(5000, 'x'))), SystemError);
  write_text(directory / "file", "");
  CHECK_THROWS_AS(daemonize(DaemonOptions().set_directory(directory / "file")), SystemError);
}

TEST_CASE("a program that has a reactor or threads already cannot become a daemon") {
  const std::string reactor_words = last_words([] {
    const auto reactor = make_reactor();
    daemonize();
  });
  CHECK(reactor_words.find("daemonize was called while a reactor exists") != std::string::npos);
  const std::string thread_words = last_words([] {
    std::mutex held;
    held.lock();
    std::thread([&] { held.lock(); }).detach();
    daemonize().ready();
  });
  if (has_foreign_thread) {
    note_lack("a daemon with threads", "the thread sanitizer has one of its own");
  } else {
    CHECK(thread_words.find("daemonize was called while other threads run") != std::string::npos);
  }
  // A reactor that has gone is none.
  const Ended command = run_in_child([] {
    make_reactor().reset();
    daemonize().ready();
    return 0;
  });
  CHECK(command.status == 0);
  CHECK(Reactor::alive() == 0);
}

}  // namespace
