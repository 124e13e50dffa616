// Pid files and logs as Windows keeps them.
#include <coil/process.h>
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/directory.h"

using namespace coil;
using coil::testing::Directory;
using coil::testing::text_of;

namespace {

namespace fs = std::filesystem;

LogRecord info(std::string text) { return {LogLevel::info, std::move(text)}; }

// Without the time.
std::string message_of(const std::string& line) { return line.substr(line.find(' ') + 1); }

}  // namespace

TEST_CASE("a pid file names this process, which others may read, and goes with it") {
  const Directory directory;
  const fs::path name = directory / "pid";
  {
    PidFile mine(name);
    CHECK(mine.held());
    CHECK(text_of(name) == std::to_string(process_id()) + "\n");
  }
  CHECK_FALSE(fs::exists(name));
}

TEST_CASE("a file that is held is refused, and the owner is named") {
  const Directory directory;
  PidFile mine(directory / "pid");
  try {
    PidFile(directory / "pid");
    CHECK(false);
  } catch (const PidFileHeld& error) {
    CHECK(error.owner() == process_id());
    CHECK(std::string(error.what()).find("runs already") != std::string::npos);
  }
  mine.release();
  CHECK(PidFile(directory / "pid").held());
}

TEST_CASE("a file that was left behind is taken over, whatever it says") {
  const Directory directory;
  for (const char* said : {"", "no number\n", "999999999\n", "12x\n"}) {
    std::ofstream(directory / "pid") << said;
    PidFile mine(directory / "pid");
    CHECK(text_of(directory / "pid") == std::to_string(process_id()) + "\n");
  }
}

TEST_CASE("a folder that is missing is named") {
  const Directory directory;
  CHECK_THROWS_AS(PidFile(directory / "none" / "pid"), SystemError);
  CHECK_THROWS_AS(LogFile(directory / "none" / "log"), SystemError);
}

TEST_CASE("records are appended, and a log that was renamed goes on under its name") {
  const Directory directory;
  LogFile(directory / "log").write(info("before"));
  LogFile log(directory / "log");
  log.write(info("one"));
  fs::rename(directory / "log", directory / "old");
  log.write(info("two"));
  CHECK(log.reopen());
  log.write(info("three\nlines"));
  CHECK(message_of(text_of(directory / "log")) == "info: three\n\tlines\n");
  const std::string old = text_of(directory / "old");
  CHECK(old.find("info: before\n") != std::string::npos);
  CHECK(old.find("info: one\n") < old.find("info: two\n"));
}
