// Locks in the file system of POSIX systems: symbolic links.
#include "support/owner_link.h"

#include <sys/wait.h>
#include <unistd.h>

namespace coil::testing {

void make_owner_link(const std::filesystem::path& name, const std::string& owner) {
  std::filesystem::create_symlink(owner, name);
}

std::string read_owner_link(const std::filesystem::path& name) {
  std::error_code none;
  return std::filesystem::read_symlink(name, none).string();
}

std::string dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return std::to_string(child);
}

}  // namespace coil::testing
