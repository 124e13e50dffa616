// Daemons: a process that goes on when its terminal and its starter have gone.
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

namespace coil {

// DaemonOptions: what daemonize is asked for.
//
// Example (tests/examples/daemon_example.cpp, "options"):
//
//   Daemon daemon = daemonize(DaemonOptions().set_directory("/var/lib/echo"));
class DaemonOptions {
 public:
  DaemonOptions() {}

  // Where the daemon works; the root unless set, so that it keeps no file system from being
  // unmounted. Names of files are to be made absolute before.
  DaemonOptions& set_directory(std::filesystem::path value) {
    directory = std::move(value);
    return *this;
  }

  std::filesystem::path directory = "/";
};

// Daemon: what a daemon tells the command that started it, which waits for that.
//
// Example (tests/examples/daemon_example.cpp, "daemon"):
//
//   Daemon daemon = daemonize();               // Returns in the daemon only.
//   try {
//     open_everything();
//   } catch (const std::exception& error) {
//     daemon.fail(error.what());               // The command prints this, and ends with status 1.
//     return 1;
//   }
//   daemon.ready();                            // The command ends with status 0.
//   return serve();
//
// Guarantees: The command ends when it is told, or when the daemon has ended, which is status 1.
//             Standard output and error stay as they are until ready(), so that whoever starts a
//             daemon sees what it has to say, and are /dev/null from then on.
class Daemon {
 public:
  Daemon(Daemon&& other) noexcept
      : command_(std::exchange(other.command_, -1)), null_(std::exchange(other.null_, -1)) {}
  Daemon& operator=(Daemon&& other) noexcept {
    std::swap(command_, other.command_);
    std::swap(null_, other.null_);
    return *this;
  }
  // Says, if nothing was said, that the daemon ended before it was ready.
  ~Daemon();

  // Tells that the daemon serves; does nothing when something was told before. Also in a root that
  // has no /dev/null.
  void ready() noexcept;
  // Tells why it does not, in one sentence, and what the command's exit status shall be.
  void fail(std::string_view sentence, int status = 1) noexcept;
  bool told() const noexcept { return command_ < 0; }

 private:
  friend Daemon daemonize(const DaemonOptions& options);
  explicit Daemon(int command) noexcept : command_(command) {}
  void open_null();
  void tell(std::string_view sentence, int status) noexcept;

  int command_;    // The line to it.
  int null_ = -1;  // What the standard descriptors become.
};

// Goes on as a daemon: in a session of its own, which can get no terminal, as no group's leader,
// with standard input from /dev/null. The process that called ends when the daemon tells it to, and
// runs neither destructors nor exit functions.
//
// Requires: No reactor exists and no other thread runs (asserted): a fork copies neither a ring nor
//           a thread. So it comes first in a program.
// Errors:   SystemError if the system makes no process, or has no such directory; always on
//           Windows.
// Source:   daemon(7), the steps of SysV daemons.
Daemon daemonize(const DaemonOptions& options = DaemonOptions());

}  // namespace coil
