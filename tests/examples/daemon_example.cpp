// The examples of daemon.h, pid_file.h, privileges.h and log_file.h.
#include <coil/process.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "support/directory.h"
#include "support/forked.h"
#include "support/skip.h"

using namespace coil;
using namespace coil::testing;

namespace {

void open_everything() {}
int serve() { return 0; }

int run_daemon() {
  // [daemon]
  Daemon daemon = daemonize();  // Returns in the daemon only.
  try {
    open_everything();
  } catch (const std::exception& error) {
    daemon.fail(error.what());  // The command prints this, and ends with status 1.
    return 1;
  }
  daemon.ready();  // The command ends with status 0.
  return serve();
  // [/daemon]
}

int run_with_directory() {
  // [options]
  Daemon daemon = daemonize(DaemonOptions().set_directory("/var/lib/echo"));
  // [/options]
  return daemon.told() ? 1 : 0;
}

int hold(const std::filesystem::path& name) {
  // [held]
  try {
    PidFile mine(name);
  } catch (const PidFileHeld& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  // [/held]
  return 0;
}

int run_as_service() {
  // [identity]
  const Identity service("www-data");  // Looked up now: not in the root that comes next.
  change_root("/srv/www");
  drop_privileges(service);
  // [/identity]
  return 0;
}

int run_once() {
  // [pid file]
  PidFile mine("/run/echo.pid");  // Throws if the server runs already.
  const int status = serve();
  mine.release();  // Before raise_exit_signal, which runs no destructor.
  // [/pid file]
  return status;
}

void log_to_file(Reactor& reactor) {
  // [log file]
  LogFile log("/var/log/echo.log");
  reactor.set_log_sink(log.sink());
  log.reopen_on_hangup(reactor);  // For logrotate, or mv and kill -HUP.
  // [/log file]
}

// In a root of its own, where the files of the examples may be made.
Ended run_in_root(const Directory& root, int (*body)()) {
  return run_in_child([&] {
    change_root(root.path());
    return body();
  });
}

}  // namespace

TEST_CASE("a daemon") { CHECK(run_in_child(&run_daemon).status == 0); }

TEST_CASE("a pid file") {
  const Directory directory;
  CHECK(hold(directory / "pid") == 0);
}

TEST_CASE("what needs the places of a real system") {
  if (Identity::current().user() != 0) {
    note_lack("the examples of a server's process", "they need root");
    return;
  }
  const Directory root;
  for (const char* name : {"run", "var/log", "var/lib/echo", "dev"}) {
    std::filesystem::create_directories(root / name);
  }
  CHECK(run_in_root(root, &run_once).status == 0);
  const auto log = [] {
    const auto reactor = make_reactor();
    log_to_file(*reactor);
    reactor->log(LogRecord(LogLevel::info, "hello"));
    return 0;
  };
  CHECK(run_in_root(root, +log).status == 0);
  CHECK(text_of(root / "var/log/echo.log").ends_with(" info: hello\n"));
  // There is no user of that name in this root, and no /dev/null.
  const auto refused = [](int (*body)()) {
    try {
      return body();
    } catch (const std::invalid_argument&) {
      return 7;
    }
  };
  CHECK(run_in_child([&] {
          change_root(root.path());
          return refused(&run_as_service);
        }).status == 7);
  CHECK(run_in_root(root, &run_with_directory).status == 1);
}
