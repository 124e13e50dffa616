// A log in a file, by write(2) with O_APPEND, opened again by SIGHUP.
#include "log_output.h"

#include <coil/process/log_file.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/signal_watcher.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace coil {

namespace detail {

std::error_code open_log(const std::filesystem::path& name, OwnedHandle& into) noexcept {
  const int descriptor =
      ::open(name.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
  if (descriptor < 0) return system_error_code(errno);
  into = OwnedHandle(NativeHandle(descriptor));
  return {};
}

std::error_code append_to_log(NativeHandle to, std::string_view line) noexcept {
  while (!line.empty()) {
    const ssize_t size = ::write(to.descriptor(), line.data(), line.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return system_error_code(errno);
    line.remove_prefix(static_cast<std::size_t>(size));
  }
  return {};
}

std::error_code give_log_to(NativeHandle handle, const Identity& owner) noexcept {
  if (::fchown(handle.descriptor(), owner.user(), owner.group()) == 0) return {};
  return system_error_code(errno);
}

}  // namespace detail

void LogFile::reopen_on_hangup(Reactor& reactor) {
  // Watched before this returns: a signal that came earlier than the task would end the program.
  auto loop = [](LogFile log, SignalWatcher hangups) -> Task<void> {
    for (;;) {
      co_await hangups.next();
      log.reopen();
    }
  };
  detail::start_root<"log file">(reactor, loop(*this, SignalWatcher(reactor, SIGHUP)));
}

}  // namespace coil
