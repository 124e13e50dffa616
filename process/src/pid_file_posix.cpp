// A locked file with the number of a process, by open(2) and flock(2).
#include <coil/process/pid_file.h>

#include "pid_text.h"
#include "proc.h"

#include <coil/runtime/error.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <utility>

namespace coil {

namespace {

long read_number(int descriptor) noexcept {
  std::array<char, 32> text;
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  if (size <= 0) return 0;
  return detail::number_in({text.data(), static_cast<std::size_t>(size)});
}

bool is_alive(long process) noexcept {
  return process > 0 && (::kill(static_cast<pid_t>(process), 0) == 0 || errno == EPERM);
}

[[noreturn]] void fail(const std::filesystem::path& name, const char* what) {
  throw SystemError(system_error_code(errno), std::string(what) + " the pid file " + name.string());
}

}  // namespace

// Between open and flock the owner may have removed the file that was opened, and somebody else may
// have made the next: the lock counts only if the name still leads to what it is on.
bool PidFile::open_and_lock() {
  // Not blocked by a pipe of that name.
  constexpr int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  descriptor_ = ::open(name_.c_str(), flags, 0644);
  if (descriptor_ < 0) fail(name_, "cannot open");
  struct stat seen = {};
  if (::fstat(descriptor_, &seen) != 0) fail(name_, "cannot look at");
  if (!S_ISREG(seen.st_mode)) {
    errno = EINVAL;
    fail(name_, "no plain file is");
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail(name_, "cannot lock");
    detail::refuse_held(name_, read_number(descriptor_));
  }
  if (!is_at_its_name()) {
    ::close(std::exchange(descriptor_, -1));
    return false;
  }
  const long before = read_number(descriptor_);
  if (before != owner_ && is_alive(before) && detail::has_run_since(before, seen.st_mtime)) {
    detail::refuse_held(name_, before);
  }
  return true;
}

bool PidFile::is_at_its_name() const noexcept {
  struct stat ours = {};
  struct stat named = {};
  return ::fstat(descriptor_, &ours) == 0 && ::lstat(name_.c_str(), &named) == 0 &&
         ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

// The number comes before the cut, so that a reader never finds the file empty.
void PidFile::write_number() const {
  const std::string text = std::to_string(owner_) + "\n";
  const ssize_t written = ::pwrite(descriptor_, text.data(), text.size(), 0);
  if (written >= 0 && static_cast<std::size_t>(written) != text.size()) errno = ENOSPC;
  if (written < 0 || static_cast<std::size_t>(written) != text.size()) fail(name_, "cannot write");
  if (::ftruncate(descriptor_, static_cast<off_t>(text.size())) != 0) fail(name_, "cannot cut");
}

// A child of fork has a copy of this object, but the file is not its own.
void PidFile::release() noexcept {
  if (!held()) return;
  if (::getpid() == owner_) {
    const bool removed = is_at_its_name() && ::unlink(name_.c_str()) == 0;
    if (!removed) [[maybe_unused]]
      const int ignored = ::ftruncate(descriptor_, 0);
    ::flock(descriptor_, LOCK_UN);  // Such a child may hold the descriptor for longer.
  }
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace coil
