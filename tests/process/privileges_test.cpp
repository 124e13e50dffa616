// Covers: privileges.h. What needs root is done in children; elsewhere it is skipped.
#include <coil/process.h>
#include <coil/runtime.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "support/directory.h"
#include "support/forked.h"
#include "support/skip.h"

using namespace coil;
using namespace coil::testing;

namespace {

namespace fs = std::filesystem;

bool is_root() {
  if (::geteuid() == 0) return true;
  note_lack("changing the user", "the tests do not run as root");
  return false;
}

TEST_CASE("users and groups are found by name and by number") {
  const Identity root("root");
  CHECK(root.user() == 0);
  CHECK(root.group() == 0);
  CHECK(Identity("0") == root);
  const Identity other("65533", "65532");
  CHECK(other.user() == 65533);
  CHECK(other.group() == 65532);
  CHECK(other.more_groups().empty());
  CHECK(Identity("root", "root").group() == 0);
  const passwd* nobody = ::getpwnam("nobody");
  REQUIRE(nobody != nullptr);
  CHECK(Identity("nobody").user() == nobody->pw_uid);
  CHECK(Identity("nobody").group() == nobody->pw_gid);
}

TEST_CASE("who does not exist is refused in one sentence") {
  const auto words = [](auto make) -> std::string {
    try {
      make();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  };
  CHECK(words([] { Identity("nobody-at-all"); }) == "there is no user 'nobody-at-all'");
  CHECK(words([] { Identity(""); }) == "there is no user ''");
  CHECK(words([] { Identity("-1"); }) == "there is no user '-1'");
  CHECK(words([] { Identity("4294967295"); }) == "there is no user '4294967295'");
  CHECK(words([] { Identity("root", "none-of-them"); }) == "there is no group 'none-of-them'");
  CHECK(words([] { Identity("65533"); }) ==
        "user 65533 has no entry that names its group: name one");
}

TEST_CASE("the groups that the system has for a user come with it") {
  // Whoever of this machine is in a group beside its own.
  ::setgrent();
  for (const group* entry = ::getgrent(); entry != nullptr; entry = ::getgrent()) {
    if (entry->gr_mem[0] == nullptr) continue;
    const std::string member = entry->gr_mem[0];
    const unsigned number = entry->gr_gid;
    const passwd* user = ::getpwnam(member.c_str());
    if (user == nullptr || user->pw_gid == number) continue;
    ::endgrent();
    const std::vector<unsigned> groups = Identity(member).more_groups();
    CHECK(std::count(groups.begin(), groups.end(), number) == 1);
    return;
  }
  ::endgrent();
  note_lack("the groups of a user", "nobody here is in a group beside its own");
}

TEST_CASE("a drop changes user, group and groups for good, and for every thread") {
  if (!is_root()) return;
  const Ended ended = run_in_child([] {
    const gid_t many[] = {0, 4, 20};
    ::setgroups(3, many);
    int other = -1;
    std::atomic<bool> dropped{false};
    std::jthread thread([&] {
      while (!dropped) std::this_thread::yield();
      other = static_cast<int>(::geteuid());
    });
    drop_privileges(Identity("65533", "65532"));
    dropped = true;
    thread.join();
    uid_t user[3];
    gid_t group[3];
    ::getresuid(&user[0], &user[1], &user[2]);
    ::getresgid(&group[0], &group[1], &group[2]);
    const bool all =
        std::count(user, user + 3, 65533) == 3 && std::count(group, group + 3, 65532) == 3;
    gid_t groups[64];
    const int count = ::getgroups(64, groups);
    const bool back =
        ::setuid(0) == 0 || ::seteuid(0) == 0 || ::setgid(0) == 0 || ::setgroups(3, many) == 0;
    std::printf("%d %d %d %d\n", all, count, back, other);
    std::fflush(stdout);
    return 0;
  });
  CHECK(ended.text == "1 0 0 65533\n");
}

TEST_CASE("who is that user already drops nothing, and who may not is told so") {
  drop_privileges(Identity::current());
  if (!is_root()) return;
  const Ended ended = run_in_child([] {
    drop_privileges(Identity("65533", "65532"));
    drop_privileges(Identity("65533", "65532"));
    try {
      drop_privileges(Identity("65531", "65532"));
    } catch (const SystemError& error) {
      return error.code() == std::errc::operation_not_permitted ? 0 : 2;
    }
    return 1;
  });
  CHECK(ended.status == 0);
}

TEST_CASE("who is that user but for what was saved gives that up, too") {
  if (!is_root()) return;
  const Ended ended = run_in_child([] {
    ::setgroups(0, nullptr);
    ::setresgid(65532, 65532, 0);
    ::setresuid(65533, 65533, 0);
    drop_privileges(Identity("65533", "65532"));
    return ::setegid(0) == 0 || ::seteuid(0) == 0 ? 1 : 0;
  });
  CHECK(ended.status == 0);
}

TEST_CASE("a new root hides what is outside") {
  if (!is_root()) return;
  const Directory directory;
  write_text(directory / "inside", "here");
  const Ended ended = run_in_child([&] {
    change_root(directory.path());
    const bool right = text_of("/inside") == "here" && text_of("inside") == "here" &&
                       !fs::exists(directory.path()) && fs::current_path() == "/";
    return right ? 0 : 1;
  });
  CHECK(ended.status == 0);
  CHECK_THROWS_AS(change_root(directory / "nowhere"), SystemError);
  CHECK_THROWS_AS(change_root(directory / "inside"), SystemError);
}

TEST_CASE("who may not change the root is told so") {
  if (!is_root()) return;
  const Directory directory;
  fs::permissions(directory.path(), fs::perms::all);
  const Ended ended = run_in_child([&] {
    drop_privileges(Identity("65533", "65532"));
    try {
      change_root(directory.path());
    } catch (const SystemError& error) {
      return error.code() == std::errc::operation_not_permitted ? 0 : 2;
    }
    return 1;
  });
  CHECK(ended.status == 0);
}

TEST_CASE("a name is translated into a root that it lies in") {
  CHECK(name_inside("/srv/www", "/srv/www/log/a") == "/log/a");
  CHECK(name_inside("/srv/www/", "/srv/www/a") == "/a");
  CHECK(name_inside("/", "/srv/a") == "/srv/a");
  CHECK(name_inside("/srv/www", "/srv/www/x/../a") == "/a");
  CHECK_FALSE(name_inside("/srv/www", "/srv/wwwroot/a"));
  CHECK_FALSE(name_inside("/srv/www", "/var/log/a"));
  CHECK_FALSE(name_inside("/srv/www", "/srv/www/../a"));
}

TEST_CASE("a umask is octal, and what it takes new files do not get") {
  CHECK(parse_umask("027") == 027U);
  CHECK(parse_umask("0") == 0U);
  CHECK(parse_umask("777") == 0777U);
  for (const char* text : {"", "8", "1000", "-1", "0x1f", "22 ", "rwx"}) {
    CHECK_FALSE(parse_umask(text));
  }
  const Directory directory;
  const unsigned before = change_umask(077);
  write_text(directory / "file", "");
  CHECK(change_umask(before) == 077);
  CHECK((fs::status(directory / "file").permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

}  // namespace
