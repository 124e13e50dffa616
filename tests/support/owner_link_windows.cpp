// Locks in the file system of Windows: files that their owners keep open.
#include "support/owner_link.h"

#include <windows.h>

#include <fstream>

namespace coil::testing {

void make_owner_link(const std::filesystem::path& name, const std::string& owner) {
  std::ofstream(name) << owner;
}

// Not by a stream of the library: that would not let the owner go on to write and remove it.
std::string read_owner_link(const std::filesystem::path& name) {
  const HANDLE file = ::CreateFileW(name.c_str(), GENERIC_READ,
                                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                    OPEN_EXISTING, 0, nullptr);
  if (file == INVALID_HANDLE_VALUE) return {};
  char text[64];
  DWORD size = 0;
  ::ReadFile(file, text, sizeof text, &size, nullptr);
  ::CloseHandle(file);
  return {text, size};
}

// Nobody holds the file that it is written to: the number of a process that lives may be there.
std::string dead_process() { return "4242"; }

}  // namespace coil::testing
