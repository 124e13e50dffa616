// A log in a file, which others may read, rename and remove while it is open.
#include "log_output.h"

#include <coil/process/log_file.h>
#include <coil/runtime/detail/windows_error.h>
#include <coil/runtime/error.h>

#include "pipe_windows.h"
#include "text_windows.h"

namespace coil {

namespace detail {

std::error_code open_log(const std::filesystem::path& name, OwnedHandle& into) noexcept {
  const HANDLE file = ::CreateFileW(name.c_str(), FILE_APPEND_DATA,
                                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                                    OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) return last_windows_error();
  into = owned(file);
  return {};
}

std::error_code append_to_log(NativeHandle to, std::string_view text, std::size_t& size) noexcept {
  DWORD written = 0;
  if (::WriteFile(to_handle(to), text.data(), static_cast<DWORD>(text.size()), &written, nullptr) ==
      0) {
    return last_windows_error();
  }
  size = written;
  return {};
}

std::error_code give_log_to(NativeHandle, const Identity&) noexcept {
  return make_error_code(Errc::not_supported);
}

}  // namespace detail

void LogFile::reopen_on_hangup(Reactor&) {
  detail::refuse(
      "reopen_on_hangup: Windows has no SIGHUP; call reopen() when the file was renamed");
}

}  // namespace coil
