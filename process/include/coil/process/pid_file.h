// PidFile: the file that names the one process of a server.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

namespace coil {

// PidFileHeld: what PidFile throws when the server runs already; its text is one sentence.
//
// Example (tests/examples/daemon_example.cpp, "held"):
//
//   try {
//     PidFile mine(name);
//   } catch (const PidFileHeld& error) {
//     std::fprintf(stderr, "%s\n", error.what());
//     return 1;
//   }
class PidFileHeld : public std::runtime_error {
 public:
  PidFileHeld(const std::string& what, long owner) : std::runtime_error(what), owner_(owner) {}

  // The process that holds it; 0 if it has not said so yet.
  long owner() const noexcept { return owner_; }

 private:
  long owner_;
};

// PidFile: holds the file of a name, with the number of this process in it, while it lives.
//
// Example (tests/examples/daemon_example.cpp, "pid file"):
//
//   PidFile mine("/run/echo.pid");             // Throws if the server runs already.
//   const int status = serve();
//   mine.release();  // Before raise_exit_signal, which runs no destructor.
//
// Requires:   After daemonize(), and not before: it names the process that makes it.
// Guarantees: One process at a time holds it, however many try at once, since the file is locked
//             for as long. The lock goes with the process, whatever ends it: a file that is left
//             behind is stale, and taken over, also when its number belongs to a process again. A
//             file without a lock that names a living process which is older than the file is
//             another program's, and held.
//             At the end the file is removed, if the name still leads to it, by the process that
//             made it only; where that is not allowed any more, as after dropping privileges, it is
//             emptied, which is stale as well.
// Errors:     PidFileHeld; SystemError where it cannot be made, or is no plain file. A symbolic
//             link is not followed.
// Cost:       Blocks for some system calls.
// Source:     flock(2); Twisted's PIDFile, which compares numbers and so can be mistaken.
class PidFile {
 public:
  explicit PidFile(std::filesystem::path name);
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  ~PidFile() { release(); }

  // The absolute name.
  const std::filesystem::path& name() const noexcept { return name_; }
  // Tells under which name it is found from now on, as after change_root().
  void set_name(std::filesystem::path name) { name_ = std::move(name); }
  bool held() const noexcept { return descriptor_ >= 0; }
  // Removes the file and gives up the lock.
  void release() noexcept;

 private:
  // False if the file went while it was opened: then try again.
  bool open_and_lock();
  bool is_at_its_name() const noexcept;
  void write_number() const;

  std::filesystem::path name_;
  int descriptor_ = -1;
  long owner_ = 0;
};

}  // namespace coil
