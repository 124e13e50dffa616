// A test's descriptors on Windows: those of the C library, whose calls block.
#include "support/descriptors.h"

#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>
#include <windows.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <string>

namespace coil::testing {

NativeHandle Descriptor::take() noexcept {
  HANDLE copy = INVALID_HANDLE_VALUE;
  const HANDLE process = ::GetCurrentProcess();
  ::DuplicateHandle(process, reinterpret_cast<HANDLE>(::_get_osfhandle(number_)), process, &copy, 0,
                    FALSE, DUPLICATE_SAME_ACCESS);
  close();
  return NativeHandle(reinterpret_cast<std::intptr_t>(copy));
}

void Descriptor::close() noexcept {
  if (number_ >= 0) ::_close(std::exchange(number_, -1));
}

std::ptrdiff_t Descriptor::write(std::string_view text) const noexcept {
  return ::_write(number_, text.data(), static_cast<unsigned>(text.size()));
}

RawPipe::Ends RawPipe::made() {
  std::array<int, 2> ends = {-1, -1};
  REQUIRE(::_pipe(ends.data(), 65536, _O_BINARY | _O_NOINHERIT) == 0);
  return {ends[0], ends[1]};
}

RawFile::Ends RawFile::made() {
  static std::atomic<int> last{0};
  const std::string name =
      (std::filesystem::temp_directory_path() /
       ("coil_file_" + std::to_string(::GetCurrentProcessId()) + "_" + std::to_string(++last)))
          .string();
  const int common = _O_BINARY | _O_NOINHERIT | _O_TEMPORARY;
  const int writing = ::_open(name.c_str(), _O_RDWR | _O_CREAT | common, _S_IREAD | _S_IWRITE);
  return {::_open(name.c_str(), _O_RDONLY | common), writing};
}

void unblock(const Descriptor&) {}

}  // namespace coil::testing
