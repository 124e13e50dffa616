// Standard streams on POSIX systems: own handles where the system gives them, and modes put back.
#include <coil/process/stdio.h>

#include <coil/runtime/error.h>

#include "mode_keeper.h"
#include "owned_descriptor.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>

namespace coil {

namespace detail {

namespace {

[[noreturn]] void fail(const char* call) { throw_error(system_error_code(errno), call); }

bool is_terminal(NativeHandle handle) noexcept { return ::isatty(handle.descriptor()) == 1; }

mode_t type_of(int descriptor) {
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0) fail("fstat");
  return status.st_mode & S_IFMT;
}

void require_stream(int descriptor) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) fail("getsockopt");
  if (type == SOCK_STREAM) return;
  throw UnsupportedSocketType(system_error_code(ESOCKTNOSUPPORT), "standard streams");
}

// Whether a call blocks is a property of what was opened, which other processes share: so it is
// opened anew. Where that cannot be had, they have to live with it for a while.
int unblocked(int descriptor, int access) {
  const std::string name = "/proc/self/fd/" + std::to_string(descriptor);
  const int own = ::open(name.c_str(), access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (own >= 0) return own;
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0) fail("fcntl");
  if ((flags & O_NONBLOCK) == 0) {
    ModeKeeper::keep_flags(descriptor, flags);
    if (::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) fail("fcntl");
  }
  return duplicate(descriptor).release();
}

template <class Pipe>
Pipe open_pipe(Reactor& reactor, NativeHandle handle, int access) {
  const int descriptor = handle.descriptor();
  switch (type_of(descriptor)) {
    case S_IFSOCK:
      require_stream(descriptor);
      return Pipe(reactor, NativeHandle(duplicate(descriptor).release()), HandleKind::stream);
    case S_IFIFO:
    case S_IFCHR:
      return Pipe(reactor, NativeHandle(unblocked(descriptor, access)));
    default:
      // Opened anew it would have a place of its own in the file.
      return Pipe(reactor, NativeHandle(duplicate(descriptor).release()));
  }
}

}  // namespace

StdioDescriptors::StdioDescriptors(const StdioOptions& options)
    : input_(options.input), output_(options.output), raw_(options.raw) {
  if (!raw_) return;
  termios modes = {};
  if (::tcgetattr(input_.descriptor(), &modes) != 0) {
    throw std::invalid_argument("raw standard input: it is no terminal");
  }
  ModeKeeper::keep_modes(input_.descriptor(), modes);
  ::cfmakeraw(&modes);
  modes.c_oflag |= OPOST;  // What is written still starts its lines at the left.
  if (::tcsetattr(input_.descriptor(), TCSANOW, &modes) == 0) return;
  const int error = errno;
  ModeKeeper::put_back(input_.descriptor());
  throw_error(system_error_code(error), "tcsetattr");
}

StdioDescriptors::~StdioDescriptors() {
  ModeKeeper::put_back(input_.descriptor());
  ModeKeeper::put_back(output_.descriptor());
}

PipeReader StdioDescriptors::reader(Reactor& reactor) {
  return open_pipe<PipeReader>(reactor, input_, O_RDONLY);
}

PipeWriter StdioDescriptors::writer(Reactor& reactor) {
  return open_pipe<PipeWriter>(reactor, output_, O_WRONLY);
}

// Handles that are left elsewhere do not keep the other side of a socket from seeing this.
void StdioDescriptors::end_output() noexcept {
  ::shutdown(output_.descriptor(), SHUT_WR);
  end(output_);
}

bool StdioDescriptors::input_is_terminal() const noexcept { return is_terminal(input_); }
bool StdioDescriptors::output_is_terminal() const noexcept { return is_terminal(output_); }

void StdioDescriptors::end(NativeHandle handle) noexcept {
  ModeKeeper::put_back(handle.descriptor());
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere >= 0) {
    ::dup2(nowhere, handle.descriptor());
    ::close(nowhere);
  }
}

}  // namespace detail

}  // namespace coil
