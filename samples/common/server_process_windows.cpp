// A server's process on Windows, where it stays what it is.
#include "common/server_process.h"

#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace samples {

struct ServerProcess::State {};

ServerProcess::ServerProcess() = default;
ServerProcess::~ServerProcess() = default;

void ServerProcess::check() {
  const std::pair<std::string_view, bool> given[] = {
      {"--daemon", options.daemon},
      {"--pid-file", !options.pid_file.empty()},
      {"--log-file", !options.log_file.empty()},
      {"--user", !options.user.empty()},
      {"--group", !options.group.empty()},
      {"--umask", !options.umask.empty()},
      {"--chroot", !options.chroot.empty()},
  };
  for (const auto& [name, is_given] : given) {
    if (is_given) throw std::invalid_argument(std::string(name) + ": Windows has no such thing");
  }
}

void ServerProcess::begin() {}
void ServerProcess::attach(coil::Reactor&) {}
void ServerProcess::give_up_privileges() {}
void ServerProcess::ready() {}
void ServerProcess::end(int) {}

void ServerProcess::say(coil::Reactor&, const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

}  // namespace samples
