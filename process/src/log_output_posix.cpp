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

std::error_code append_to_log(NativeHandle to, std::string_view text, std::size_t& size) noexcept {
  ssize_t written = 0;
  do {
    written = ::write(to.descriptor(), text.data(), text.size());
  } while (written < 0 && errno == EINTR);
  if (written <= 0) return system_error_code(errno);
  size = static_cast<std::size_t>(written);
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
