// Privileges: what a server that was started as root gives up once it has what only root may get.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coil {

// Identity: a user and the groups that a process is in with it.
//
// Example (tests/examples/daemon_example.cpp, "identity"):
//
//   const Identity service("www-data");        // Looked up now: not in the root that comes next.
//   change_root("/srv/www");
//   drop_privileges(service);
//
// Errors: std::invalid_argument, in one sentence, for a name that the system does not know; a
//         number is taken as it is. SystemError on Windows, as of all that changes a process here.
class Identity {
 public:
  // The user, with the groups that the system has for it.
  explicit Identity(std::string_view user);
  // The user in this one group only.
  Identity(std::string_view user, std::string_view group);
  // What this process is.
  static Identity current();

  unsigned user() const noexcept { return user_; }
  unsigned group() const noexcept { return group_; }
  // All groups beside `group()`, in the order of their numbers.
  const std::vector<unsigned>& more_groups() const noexcept { return more_groups_; }

  friend bool operator==(const Identity&, const Identity&) noexcept = default;

 private:
  Identity() noexcept {}

  unsigned user_ = 0;
  unsigned group_ = 0;
  std::vector<unsigned> more_groups_;
};

// Makes this process another user's, for good: groups, group, user, in this order, and for all
// threads. A process that is that user already, also by its saved numbers, changes nothing.
//
// Guarantees: Afterwards neither the old user nor the old group can be had again, which is tried;
//             the program ends if it can.
// Errors:     SystemError, naming the step; what came before it is done then, so end the program.
// Source:     setgroups(2), setgid(2), setuid(2), credentials(7).
void drop_privileges(const Identity& identity);

// Makes `directory` the root of this process, and its working directory. What lies outside cannot
// be named any more; what is open stays open. For root only, and only sealed by drop_privileges().
//
// Errors: SystemError, naming the step.
// Source: chroot(2).
void change_root(const std::filesystem::path& directory);

// The name that a file has in `root`; nothing if it lies outside. Both are absolute.
std::optional<std::filesystem::path> name_inside(const std::filesystem::path& root,
                                                 const std::filesystem::path& name);

// Sets which permissions new files do not get; gives what was set before.
unsigned change_umask(unsigned mask);
// Reads octal digits, as of "027"; nothing if they are none, or more than 777.
std::optional<unsigned> parse_umask(std::string_view text) noexcept;

}  // namespace coil
