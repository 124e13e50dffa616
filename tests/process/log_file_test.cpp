// Covers: log_file.h.
#include <coil/process.h>
#include <coil/runtime.h>
#include <sys/resource.h>

#include <regex>
#include <thread>

#include "support/directory.h"
#include "support/forked.h"
#include "support/signals.h"
#include "support/skip.h"

using namespace coil;
using namespace coil::testing;

namespace {

namespace fs = std::filesystem;

using Strings = std::vector<std::string>;

LogRecord info(std::string text) { return {LogLevel::info, std::move(text)}; }

// The lines of a file without their times, which must be there.
Strings lines_of(const fs::path& name) {
  static const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (.*))");
  std::ifstream file(name);
  Strings lines;
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    lines.push_back(std::regex_match(line, match, form) ? match[1].str() : "without time: " + line);
  }
  return lines;
}

TEST_CASE("each record is a line with its time and level, behind what was there") {
  const Directory directory;
  LogFile(directory / "log").write(info("before"));
  LogFile log(directory / "log");
  log.write(info("one"));
  log.write(LogRecord(LogLevel::warning, "two"));
  log.sink()(LogRecord(LogLevel::error, "three"));
  CHECK(lines_of(directory / "log") ==
        Strings{"info: before", "info: one", "warning: two", "error: three"});
}

TEST_CASE("a line break in a text makes no record of its own") {
  const Directory directory;
  LogFile log(directory / "log");
  log.write(info("first\n2026-01-01T00:00:00.000Z error: forged"));
  CHECK(lines_of(directory / "log") ==
        Strings{"info: first", "without time: \t2026-01-01T00:00:00.000Z error: forged"});
}

TEST_CASE("a hangup opens the name again, so that a renamed log ends") {
  const Directory directory;
  const auto reactor = make_reactor();
  LogFile log(directory / "log");
  log.reopen_on_hangup(*reactor);
  auto program = [&]() -> Task<void> {
    log.write(info("one"));
    fs::rename(directory / "log", directory / "log.1");
    log.write(info("two"));
    for (int count = 0; count < 2; ++count) {
      ::raise(SIGHUP);  // At once: it would end the program if nobody watched yet.
      while (!fs::exists(directory / "log")) co_await sleep(std::chrono::milliseconds(1));
      log.write(info("three"));
      if (count == 0) fs::rename(directory / "log", directory / "log.2");
    }
  };
  run(*reactor, program());
  CHECK(lines_of(directory / "log.1") == Strings{"info: one", "info: two"});
  CHECK(lines_of(directory / "log.2") == Strings{"info: three"});
  CHECK(lines_of(directory / "log") == Strings{"info: three"});
}

TEST_CASE("the watch for hangups ends with the reactor's stop, and the file stays usable") {
  const Disposition before(SIGHUP, &count_signal);
  const Directory directory;
  const auto reactor = make_reactor();
  LogSink sink;
  {
    LogFile log(directory / "log");
    log.reopen_on_hangup(*reactor);
    CHECK_FALSE(handled_by(SIGHUP, &count_signal));
    sink = log.sink();
  }
  reactor->callWhenRunning([&] { reactor->stop(); });
  reactor->run();
  CHECK(reactor->last_stop().forced() == 0);
  CHECK(handled_by(SIGHUP, &count_signal));
  sink(info("after all"));
  CHECK(lines_of(directory / "log") == Strings{"info: after all"});
}

TEST_CASE("a reopening that fails keeps the file, says so, and is tried again") {
  const Directory directory;
  fs::create_directory(directory / "logs");
  LogFile log(directory / "logs" / "log");
  log.write(info("one"));
  fs::rename(directory / "logs", directory / "old");
  CHECK_FALSE(log.reopen());
  log.write(info("two"));
  const Strings lines = lines_of(directory / "old" / "log");
  REQUIRE(lines.size() == 3);
  CHECK(lines[1] == "warning: the log file " + (directory / "logs" / "log").string() +
                        " could not be opened again, this one goes on: No such file or directory");
  CHECK(lines[2] == "info: two");
  fs::create_directory(directory / "logs");
  CHECK(log.reopen());
  log.write(info("three"));
  CHECK(lines_of(directory / "logs" / "log") == Strings{"info: three"});

  log.set_name(directory / "elsewhere");
  CHECK(log.name() == directory / "elsewhere");
  CHECK(log.reopen());
  log.write(info("four"));
  CHECK(lines_of(directory / "elsewhere") == Strings{"info: four"});
}

TEST_CASE("a file that was given away can be opened again by its new owner") {
  if (Identity::current().user() != 0) {
    note_lack("giving a file away", "the tests do not run as root");
    return;
  }
  const Directory directory;
  fs::permissions(directory.path(), fs::perms::all);
  for (const bool given : {true, false}) {
    const Ended ended = run_in_child([&] {
      LogFile log(directory / (given ? "given" : "kept"));
      const Identity somebody("65533", "65532");
      if (given) log.give_to(somebody);
      drop_privileges(somebody);
      return log.reopen() ? 0 : 1;
    });
    CHECK(ended.status == (given ? 0 : 1));
  }
  const Ended refused = run_in_child([&] {
    drop_privileges(Identity("65533", "65532"));
    try {
      LogFile(directory / "own").give_to(Identity("root"));
    } catch (const SystemError& error) {
      return error.code() == std::errc::operation_not_permitted ? 0 : 2;
    }
    return 1;
  });
  CHECK(refused.status == 0);
}

TEST_CASE("a log file that cannot be opened is refused, and named") {
  const Directory directory;
  try {
    LogFile log(directory / "no" / "log");
    FAIL("it was opened");
  } catch (const SystemError& error) {
    CHECK(error.code() == std::errc::no_such_file_or_directory);
    CHECK(std::string(error.what()).find((directory / "no" / "log").string()) != std::string::npos);
  }
}

TEST_CASE("records that cannot be written go to standard error, and are counted once they can") {
  const Directory directory;
  const Ended ended = run_in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    LogFile log(directory / "log");
    rlimit limit = {};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit nothing = {0, limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &nothing);
    log.write(info("lost"));
    log.write(info("lost too"));
    ::setrlimit(RLIMIT_FSIZE, &limit);
    log.write(info("kept"));
    return 0;
  });
  CHECK(ended.status == 0);
  CHECK(ended.text == "coil: lost\ncoil: lost too\n");
  CHECK(lines_of(directory / "log") ==
        Strings{"warning: 2 records could not be written here: File too large", "info: kept"});
}

TEST_CASE("a record of which only a part fitted ends where the next line begins") {
  const Directory directory;
  const Ended ended = run_in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    LogFile log(directory / "log");
    rlimit limit = {};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const std::string_view fits = "2026-01-01T00:00:00.000Z info: lo";
    const rlimit little = {fits.size(), limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &little);
    log.write(info("lost"));
    ::setrlimit(RLIMIT_FSIZE, &limit);
    log.write(info("kept"));
    return 0;
  });
  CHECK(ended.text == "coil: lost\n");
  CHECK(lines_of(directory / "log") ==
        Strings{"info: lo", "warning: 1 record could not be written here: File too large",
                "info: kept"});
}

TEST_CASE("threads may log and reopen at once, and no line is torn") {
  const Directory directory;
  LogFile log(directory / "log");
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int count = 0; count < 200; ++count) {
          log.write(info("a line that is as long as any other"));
          if (count % 20 == 0) log.reopen();
        }
      });
    }
  }
  const Strings lines = lines_of(directory / "log");
  CHECK(lines.size() == 800);
  for (const std::string& line : lines) CHECK(line == "info: a line that is as long as any other");
}

}  // namespace
