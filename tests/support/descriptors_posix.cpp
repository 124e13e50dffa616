// A test's descriptors on POSIX systems.
#include "support/descriptors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <string>

namespace coil::testing {

NativeHandle Descriptor::take() noexcept { return NativeHandle(std::exchange(number_, -1)); }

void Descriptor::close() noexcept {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

std::ptrdiff_t Descriptor::write(std::string_view text) const noexcept {
  return ::write(number_, text.data(), text.size());
}

RawPipe::Ends RawPipe::made() {
  std::array<int, 2> ends = {-1, -1};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return {ends[0], ends[1]};
}

RawFile::Ends RawFile::made() {
  std::string name = "/tmp/coil_file_XXXXXX";
  const int writing = ::mkstemp(name.data());
  const int reading = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  ::unlink(name.c_str());
  return {reading, writing};
}

void unblock(const Descriptor& descriptor) {
  REQUIRE(::fcntl(descriptor.number(), F_SETFL, O_NONBLOCK) == 0);
}

}  // namespace coil::testing
