// Users, groups and roots as POSIX systems have them, which Windows has not.
#include <coil/process/privileges.h>

#include "text_windows.h"

namespace coil {

namespace {

[[noreturn]] void refuse_user() {
  detail::refuse("Windows has no numbers of users and groups: start the program as the user it is");
}

}  // namespace

Identity::Identity(std::string_view) { refuse_user(); }
Identity::Identity(std::string_view, std::string_view) { refuse_user(); }
Identity Identity::current() { refuse_user(); }

void drop_privileges(const Identity&) { refuse_user(); }

void change_root(const std::filesystem::path&) {
  detail::refuse("change_root: on Windows a process has no root of its own");
}

unsigned change_umask(unsigned) {
  detail::refuse("change_umask: on Windows new files get the rights of their folder");
}

}  // namespace coil
