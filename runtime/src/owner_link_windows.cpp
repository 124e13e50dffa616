// A file that names its owner, who keeps it open for itself alone: so others know that the owner is
// alive, for the system closes it when the process ends.
#include "owner_link.h"

#include "native_error_windows.h"

#include <windows.h>

#include <array>
#include <charconv>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

namespace coil::detail {

namespace {

using std::filesystem::path;

std::mutex links_mutex;
std::map<path, HANDLE>& owned() {
  static std::map<path, HANDLE> files;
  return files;
}

// INVALID_HANDLE_VALUE, and the reason in GetLastError, if another has it. Who only reads may see
// who the owner is.
HANDLE open_alone(const path& name, DWORD how) noexcept {
  return ::CreateFileW(name.c_str(), GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_READ,
                       nullptr, how, FILE_ATTRIBUTE_NORMAL, nullptr);
}

// A file that names no process is somebody's, and stays.
bool names_a_process(HANDLE file) noexcept {
  std::array<char, 64> text;
  DWORD size = 0;
  if (::ReadFile(file, text.data(), text.size(), &size, nullptr) == 0) return false;
  unsigned long number = 0;
  const char* end = text.data() + size;
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end && number != 0;
}

bool write_owner(HANDLE file) noexcept {
  const std::string self = std::to_string(::GetCurrentProcessId());
  DWORD written = 0;
  return ::SetFilePointer(file, 0, nullptr, FILE_BEGIN) == 0 && ::SetEndOfFile(file) != 0 &&
         ::WriteFile(file, self.data(), static_cast<DWORD>(self.size()), &written, nullptr) != 0;
}

bool is_held(DWORD error) noexcept {
  return error == ERROR_SHARING_VIOLATION || error == ERROR_DELETE_PENDING;
}

}  // namespace

// Two that find the file of a dead owner cannot both have it alone.
LinkClaim claim_owner_link(const path& name) {
  LinkClaim claim = LinkClaim::taken;
  HANDLE file = open_alone(name, CREATE_NEW);
  while (file == INVALID_HANDLE_VALUE && ::GetLastError() == ERROR_FILE_EXISTS) {
    file = open_alone(name, OPEN_EXISTING);
    claim = LinkClaim::taken_over;
    if (file == INVALID_HANDLE_VALUE && ::GetLastError() == ERROR_FILE_NOT_FOUND) {
      file = open_alone(name, CREATE_NEW);
      claim = LinkClaim::taken;
    }
  }
  if (file == INVALID_HANDLE_VALUE) {
    if (is_held(::GetLastError())) return LinkClaim::held;
    throw_error(last_windows_error(), "CreateFile");
  }
  if (claim == LinkClaim::taken_over && !names_a_process(file)) {
    ::CloseHandle(file);
    return LinkClaim::held;
  }
  if (!write_owner(file)) {
    const std::error_code error = last_windows_error();
    ::CloseHandle(file);
    throw_error(error, "WriteFile");
  }
  const std::scoped_lock guard(links_mutex);
  owned()[std::filesystem::absolute(name)] = file;
  return claim;
}

void remove_owner_link(const path& name) {
  const std::scoped_lock guard(links_mutex);
  const auto found = owned().find(std::filesystem::absolute(name));
  if (found == owned().end()) {
    throw std::logic_error("unlock: this process does not hold " + name.string());
  }
  FILE_DISPOSITION_INFO gone = {};
  gone.DeleteFile = TRUE;
  const bool removed =
      ::SetFileInformationByHandle(found->second, FileDispositionInfo, &gone, sizeof gone) != 0;
  const std::error_code error = last_windows_error();
  ::CloseHandle(found->second);
  owned().erase(found);
  if (!removed) throw_error(error, "SetFileInformationByHandle");
}

}  // namespace coil::detail
