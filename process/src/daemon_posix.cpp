// Daemons by two forks and setsid(2), with a line back to the command.
#include <coil/process/daemon.h>

#include "child_calls.h"
#include "proc.h"

#include <coil/runtime/error.h>
#include <coil/runtime/reactor.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <system_error>

namespace coil {

namespace {

// What goes to the command, whole: the line between them keeps messages apart.
struct Message {
  std::uint32_t status = 0;
  std::uint32_t size = 0;
  std::array<char, 2048> text = {};
};

void send_message(int descriptor, std::string_view sentence, int status) noexcept {
  Message message;
  message.status = static_cast<std::uint32_t>(status);
  message.size = static_cast<std::uint32_t>(std::min(sentence.size(), message.text.size()));
  sentence.copy(message.text.data(), message.size);  // Which may be nothing at all.
  // Without SIGPIPE: a daemon goes on when the command has been interrupted.
  while (::send(descriptor, &message, sizeof message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void write_error(std::string_view sentence) noexcept {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(sentence.size()), sentence.data());
}

// The rest of the command's life. It ends without destructors and exit functions, which are the
// daemon's now; what it had printed was flushed before.
[[noreturn]] void await_daemon(int descriptor) noexcept {
  Message message;
  ssize_t size = 0;
  do {
    size = ::recv(descriptor, &message, sizeof message, MSG_WAITALL);
  } while (size < 0 && errno == EINTR);
  if (size != static_cast<ssize_t>(sizeof message)) {
    write_error("the daemon ended before it was ready");
    ::_exit(1);
  }
  if (message.size != 0) write_error({message.text.data(), message.size});
  ::_exit(static_cast<int>(message.status));
}

// A command may be started without them; what is opened next would then stand in their place.
void fill_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // The lowest number that is free is this one. It is to be inherited, as it would have been.
    if (::open("/dev/null", O_RDWR) != descriptor)
      throw_error(system_error_code(errno), "/dev/null");
  }
}

void become(int descriptor, int other) noexcept {
  while (::dup2(other, descriptor) < 0 && (errno == EINTR || errno == EBUSY)) {
  }
}

// The first child leads the session, and so could get a terminal; its own child cannot.
void leave_session(int descriptor) noexcept {
  if (::setsid() < 0) {
    send_message(descriptor, "setsid: " + system_error_code(errno).message(), 1);
    ::_exit(1);
  }
  const pid_t child = ::fork();
  if (child < 0) send_message(descriptor, "fork: " + system_error_code(errno).message(), 1);
  if (child != 0) ::_exit(child < 0 ? 1 : 0);
}

}  // namespace

Daemon daemonize(const DaemonOptions& options) {
  if (Reactor::alive() != 0) {
    contract_violation("daemonize was called while a reactor exists, which no fork can copy");
  }
  if (detail::thread_count() > 1) {
    contract_violation("daemonize was called while other threads run, which no fork can copy");
  }
  // Looked at here, where it can be thrown: the command itself does not change.
  std::error_code error;
  if (!std::filesystem::is_directory(options.directory, error)) {
    if (!error) error = std::make_error_code(std::errc::not_a_directory);
    throw SystemError(error, options.directory.string());
  }
  std::fflush(nullptr);
  fill_standard_descriptors();
  int ends[2];
  if (detail::make_message_pair(ends) != 0) throw_error(system_error_code(errno), "socketpair");
  const pid_t child = ::fork();
  if (child < 0) {
    error = system_error_code(errno);
    ::close(ends[0]);
    ::close(ends[1]);
    throw SystemError(error, "fork");
  }
  if (child > 0) {
    ::close(ends[1]);
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    await_daemon(ends[0]);
  }
  ::close(ends[0]);
  leave_session(ends[1]);
  Daemon daemon(ends[1]);
  try {
    if (::chdir(options.directory.c_str()) != 0) throw_error(system_error_code(errno), "chdir");
    daemon.open_null();
  } catch (const SystemError& reason) {
    daemon.fail(reason.what());
    ::_exit(1);
  }
  return daemon;
}

Daemon::~Daemon() {
  if (!told()) fail("the daemon ended before it was ready");
}

void Daemon::open_null() {
  null_ = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null_ < 0) throw_error(system_error_code(errno), "/dev/null");
  become(STDIN_FILENO, null_);
}

void Daemon::ready() noexcept {
  if (told()) return;
  std::fflush(nullptr);
  become(STDOUT_FILENO, null_);
  become(STDERR_FILENO, null_);
  tell({}, 0);
}

void Daemon::fail(std::string_view sentence, int status) noexcept {
  if (!told()) tell(sentence, status);
}

void Daemon::tell(std::string_view sentence, int status) noexcept {
  send_message(command_, sentence, status);
  ::close(std::exchange(command_, -1));
  if (null_ >= 0) ::close(std::exchange(null_, -1));
}

}  // namespace coil
