// Daemons, which Windows has not: what goes on without its starter is a service there.
#include <coil/process/daemon.h>

#include "text_windows.h"

namespace coil {

Daemon daemonize(const DaemonOptions&) {
  detail::refuse("daemonize: on Windows no process goes on as another one; install a service");
}

// There is no command that waits.
Daemon::~Daemon() = default;
void Daemon::open_null() {}
void Daemon::ready() noexcept {}
void Daemon::fail(std::string_view, int) noexcept {}
void Daemon::tell(std::string_view, int) noexcept {}

}  // namespace coil
