// Descriptors on POSIX systems: pipes, terminals, copies.
#include "child_calls.h"
#include "owned_descriptor.h"

#include <coil/runtime/error.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace coil::detail {

namespace {

constexpr int first_beyond_standard = 3;

int checked(int result, const char* what) {
  if (result < 0) throw SystemError(system_error_code(errno), what);
  return result;
}

// A number that programs take for a standard stream would soon be written to by mistake.
OwnedDescriptor beyond_standard(OwnedDescriptor descriptor) {
  if (descriptor.get() >= first_beyond_standard) return descriptor;
  return duplicate(descriptor.get());
}

}  // namespace

void OwnedDescriptor::close() noexcept {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

OwnedDescriptor duplicate(int descriptor) {
  return OwnedDescriptor(
      checked(::fcntl(descriptor, F_DUPFD_CLOEXEC, first_beyond_standard), "duplicate"));
}

PipeEnds open_pipe() {
  std::array<int, 2> ends{};
  checked(make_pipe(ends), "pipe");
  OwnedDescriptor reading(ends[0]);
  OwnedDescriptor writing(ends[1]);
  return {beyond_standard(std::move(reading)), beyond_standard(std::move(writing))};
}

TerminalEnds open_terminal() {
  OwnedDescriptor master(checked(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "open terminal"));
  checked(::grantpt(master.get()), "open terminal");
  checked(::unlockpt(master.get()), "open terminal");
  std::array<char, 128> path{};
  if (const int number = ::ptsname_r(master.get(), path.data(), path.size())) {
    throw SystemError(system_error_code(number), "open terminal");
  }
  OwnedDescriptor slave(
      checked(::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC), "open terminal"));
  return {beyond_standard(std::move(master)), beyond_standard(std::move(slave))};
}

void set_non_blocking(int descriptor) {
  const int flags = checked(::fcntl(descriptor, F_GETFL), "set non-blocking");
  checked(::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK), "set non-blocking");
}

}  // namespace coil::detail
