// A link that names its owner, by symlink(2), with kill(2) to see whether the owner is alive.
#include "owner_link.h"

#include <coil/runtime/error.h>

#include <absl/cleanup/cleanup.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string>

namespace coil::detail {

namespace {

using std::filesystem::path;

// What the link says; nothing if there is no link any more.
std::optional<std::string> read_owner(const path& name) {
  std::array<char, 64> text;
  const ssize_t size = ::readlink(name.c_str(), text.data(), text.size());
  if (size >= 0) return std::string(text.data(), static_cast<std::size_t>(size));
  if (errno == ENOENT) return std::nullopt;
  throw_error(system_error_code(errno), "readlink");
}

// A link that names no process is somebody's, and stays.
bool owner_is_alive(const std::string& owner) {
  pid_t number = 0;
  const char* end = owner.data() + owner.size();
  const auto parsed = std::from_chars(owner.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number <= 0) return true;
  return ::kill(number, 0) == 0 || errno == EPERM;
}

// Two that find the same dead owner must not both remove a link: the second would remove the first
// one's. So it is done under a lock of the directory, which the kernel releases in any case.
bool remove_dead(const path& name) {
  const path directory = name.has_parent_path() ? name.parent_path() : path(".");
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) throw_error(system_error_code(errno), "open");
  const absl::Cleanup close = [descriptor] { ::close(descriptor); };
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) return false;
  const std::optional<std::string> owner = read_owner(name);
  if (owner && !owner_is_alive(*owner)) ::unlink(name.c_str());
  return true;
}

}  // namespace

LinkClaim claim_owner_link(const path& name) {
  const std::string self = std::to_string(::getpid());
  LinkClaim claim = LinkClaim::taken;
  while (::symlink(self.c_str(), name.c_str()) != 0) {
    if (errno != EEXIST) throw_error(system_error_code(errno), "symlink");
    const std::optional<std::string> owner = read_owner(name);
    if (!owner) continue;
    if (owner_is_alive(*owner) || !remove_dead(name)) return LinkClaim::held;
    claim = LinkClaim::taken_over;
  }
  return claim;
}

void remove_owner_link(const path& name) {
  if (read_owner(name) != std::to_string(::getpid())) {
    throw std::logic_error("unlock: this process does not hold " + name.string());
  }
  if (::unlink(name.c_str()) != 0) throw_error(system_error_code(errno), "unlink");
}

}  // namespace coil::detail
