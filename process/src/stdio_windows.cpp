// Standard streams on Windows: what others gave may block, and the reactor allows for that.
#include <coil/process/stdio.h>

#include <winsock2.h>

#include "console_modes_windows.h"
#include "pipe_windows.h"
#include "text_windows.h"

#include <coil/runtime/detail/windows_error.h>
#include <coil/runtime/error.h>

#include <fcntl.h>
#include <io.h>

#include <cerrno>
#include <stdexcept>

namespace coil {

namespace detail {

namespace {

bool is_terminal(NativeHandle descriptor) noexcept {
  DWORD mode = 0;
  return ::GetConsoleMode(handle_of(descriptor.descriptor()), &mode) != 0;
}

// Whoever shares a socket shares the port that serves it, and that is one for its whole life.
void refuse_socket(HANDLE handle) {
  int type = 0;
  int size = sizeof type;
  const auto socket = reinterpret_cast<SOCKET>(handle);
  if (::GetFileType(handle) != FILE_TYPE_PIPE ||
      ::getsockopt(socket, SOL_SOCKET, SO_TYPE, reinterpret_cast<char*>(&type), &size) != 0) {
    return;
  }
  throw UnsupportedSocketType(make_error_code(Errc::not_supported),
                              "standard streams: on Windows they are no sockets");
}

// The program keeps its own, to be ended or left as it is.
NativeHandle copy_of(NativeHandle descriptor) {
  const HANDLE handle = handle_of(descriptor.descriptor());
  if (handle == INVALID_HANDLE_VALUE) {
    throw SystemError(system_error_code(EBADF), "standard streams");
  }
  refuse_socket(handle);
  HANDLE copy = nullptr;
  const HANDLE process = ::GetCurrentProcess();
  if (::DuplicateHandle(process, handle, process, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS) == 0) {
    throw_last("standard streams");
  }
  return owned(copy).release();
}

}  // namespace

StdioDescriptors::StdioDescriptors(const StdioOptions& options)
    : input_(options.input), output_(options.output), raw_(options.raw) {
  if (raw_ && !make_console_raw(input_.descriptor())) {
    throw std::invalid_argument("raw standard input: it is no terminal");
  }
}

StdioDescriptors::~StdioDescriptors() {
  if (raw_) put_console_back(input_.descriptor());
}

PipeReader StdioDescriptors::reader(Reactor& reactor) {
  return PipeReader(reactor, copy_of(input_));
}

PipeWriter StdioDescriptors::writer(Reactor& reactor) {
  return PipeWriter(reactor, copy_of(output_));
}

bool StdioDescriptors::input_is_terminal() const noexcept { return is_terminal(input_); }
bool StdioDescriptors::output_is_terminal() const noexcept { return is_terminal(output_); }

void StdioDescriptors::end_output() noexcept { end(output_); }

void StdioDescriptors::end(NativeHandle descriptor) noexcept {
  put_console_back(descriptor.descriptor());
  const int nowhere = ::_open("NUL", _O_RDWR | _O_BINARY | _O_NOINHERIT);
  if (nowhere < 0) return;
  ::_dup2(nowhere, descriptor.descriptor());
  ::_close(nowhere);
}

}  // namespace detail

}  // namespace coil
