// LogFile: a reactor's log in a file, which may be renamed under it.
#pragma once

#include <coil/process/privileges.h>
#include <coil/runtime/log.h>
#include <coil/runtime/reactor.h>

#include <filesystem>
#include <memory>

namespace coil {

// LogFile: appends a line for each record, with the time and the level.
//
// Example (tests/examples/daemon_example.cpp, "log file"):
//
//   LogFile log("/var/log/echo.log");
//   reactor.set_log_sink(log.sink());
//   log.reopen_on_hangup(reactor);             // For logrotate, or mv and kill -HUP.
//
// Guarantees: A record is written at once and whole, in one line: a line break inside is followed
//             by a tab. Records that cannot be written go to standard error, and the file tells of
//             them once it takes records again. A reopening that fails keeps the old file, says so
//             in it and lets the next one try again.
// Errors:     SystemError if the file cannot be opened.
// Threads:    Any thread, except reopen_on_hangup.
// Units:      Times are UTC, to the millisecond.
// Cost:       Blocks for one system call per record.
class LogFile {
 public:
  explicit LogFile(const std::filesystem::path& name);

  void write(const LogRecord& record);
  // What a reactor takes; it keeps the file open by itself.
  LogSink sink() const;

  // Opens the name again, and makes the file if there is none; false if that fails.
  bool reopen();
  // Does so for each SIGHUP until `reactor` stops.
  //
  // Errors:  SystemError on Windows, which has no such signal.
  // Threads: Reactor thread only.
  void reopen_on_hangup(Reactor& reactor);

  // Gives the file to another user, who then can open it again, as after drop_privileges().
  //
  // Errors: SystemError where that is not allowed.
  void give_to(const Identity& owner);

  // The absolute name.
  std::filesystem::path name() const;
  // Tells under which name it is found from now on, as after change_root().
  void set_name(std::filesystem::path name);

 private:
  class File;

  std::shared_ptr<File> file_;
};

}  // namespace coil
