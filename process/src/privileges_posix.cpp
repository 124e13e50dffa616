// Users, groups and roots of POSIX systems.
#include <coil/process/privileges.h>

#include <coil/runtime/error.h>

#include "child_calls.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <concepts>
#include <stdexcept>

namespace coil {

namespace {

constexpr std::size_t lookup_bytes_max = std::size_t{1} << 20;

// All ones means "do not change" to the system, and so is nobody's number.
std::optional<unsigned> parse_number(std::string_view text) noexcept {
  unsigned number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number == static_cast<unsigned>(-1) ? std::nullopt : std::optional<unsigned>(number);
}

// Calls one of the lookups of pwd.h and grp.h with as much memory as its answer needs.
template <class Entry, class Lookup, class Key>
bool look_up(Lookup lookup, Key key, Entry& entry, std::vector<char>& memory) {
  Entry* found = nullptr;
  int error = ERANGE;
  for (std::size_t size = 4096; error == ERANGE && size <= lookup_bytes_max; size *= 2) {
    memory.resize(size);
    error = lookup(key, &entry, memory.data(), memory.size(), &found);
  }
  return found != nullptr;
}

// A number need not have an entry, but then it brings no groups with it.
bool find_user(std::string_view user, passwd& entry, std::vector<char>& memory) {
  if (look_up(&::getpwnam_r, std::string(user).c_str(), entry, memory)) return true;
  const std::optional<unsigned> number = parse_number(user);
  if (!number) {
    throw std::invalid_argument("there is no user '" + std::string(user) + "'");
  }
  if (look_up(&::getpwuid_r, static_cast<uid_t>(*number), entry, memory)) return true;
  entry = {};
  entry.pw_uid = *number;
  return false;
}

unsigned find_group(std::string_view name) {
  group entry = {};
  std::vector<char> memory;
  if (look_up(&::getgrnam_r, std::string(name).c_str(), entry, memory)) return entry.gr_gid;
  if (const std::optional<unsigned> number = parse_number(name)) return *number;
  throw std::invalid_argument("there is no group '" + std::string(name) + "'");
}

std::vector<unsigned> sorted_without(std::vector<unsigned> groups, unsigned own) {
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  std::erase(groups, own);
  return groups;
}

std::vector<unsigned> groups_of(const passwd& entry) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  while (detail::list_groups(entry.pw_name, entry.pw_gid, groups.data(), count) < 0) {
    groups.resize(std::max(static_cast<std::size_t>(count), groups.size() * 2));
    count = static_cast<int>(groups.size());
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

bool is_already(const Identity& identity) {
  return detail::all_numbers_are(identity.user(), identity.group()) &&
         Identity::current() == identity;
}

// The saved numbers cannot be seen everywhere; that nothing leads back can be tried.
void require_no_way_back(const Identity& identity, uid_t old_user, gid_t old_group) noexcept {
  const bool user_back = identity.user() != old_user && ::seteuid(old_user) == 0;
  const bool root_back = identity.user() != 0 && ::seteuid(0) == 0;
  // Root may take any group: that is no way back to anything.
  const bool group_back =
      identity.user() != 0 && identity.group() != old_group && ::setegid(old_group) == 0;
  if (user_back || root_back || group_back || !is_already(identity)) {
    contract_violation("drop_privileges: the privileges can be had again");
  }
}

}  // namespace

Identity::Identity(std::string_view user) {
  passwd entry = {};
  std::vector<char> memory;
  if (!find_user(user, entry, memory)) {
    throw std::invalid_argument("user " + std::string(user) +
                                " has no entry that names its group: name one");
  }
  user_ = entry.pw_uid;
  group_ = entry.pw_gid;
  more_groups_ = sorted_without(groups_of(entry), group_);
}

Identity::Identity(std::string_view user, std::string_view group) : group_(find_group(group)) {
  passwd entry = {};
  std::vector<char> memory;
  find_user(user, entry, memory);
  user_ = entry.pw_uid;
}

Identity Identity::current() {
  Identity identity;
  identity.user_ = ::geteuid();
  identity.group_ = ::getegid();
  int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(count, 0)));
  count = ::getgroups(count, groups.data());
  if (count < 0) throw_error(system_error_code(errno), "getgroups");
  groups.resize(static_cast<std::size_t>(count));
  identity.more_groups_ = sorted_without(std::move(groups), identity.group_);
  return identity;
}

// The user comes last: it is what the other steps need. Who is that user but for numbers that were
// saved needs no privilege to give those up.
void drop_privileges(const Identity& identity) {
  if (is_already(identity)) return;
  const uid_t old_user = ::getuid();
  const gid_t old_group = ::getgid();
  const std::vector<gid_t> groups(identity.more_groups().begin(), identity.more_groups().end());
  if (Identity::current() != identity && detail::set_groups(groups.data(), groups.size()) != 0) {
    throw_error(system_error_code(errno), "setgroups");
  }
  if (detail::set_group_numbers(identity.group()) != 0)
    throw_error(system_error_code(errno), "setgid");
  if (detail::set_user_numbers(identity.user()) != 0)
    throw_error(system_error_code(errno), "setuid");
  require_no_way_back(identity, old_user, old_group);
}

// Both go by ".", so that what is entered and what becomes the root are one.
void change_root(const std::filesystem::path& directory) {
  if (::chdir(directory.c_str()) != 0) throw_error(system_error_code(errno), directory.c_str());
  if (::chroot(".") != 0) throw_error(system_error_code(errno), "chroot");
  if (::chdir("/") != 0) throw_error(system_error_code(errno), "chdir");
}

unsigned change_umask(unsigned mask) { return ::umask(static_cast<mode_t>(mask)); }

}  // namespace coil
