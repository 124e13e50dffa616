// From UTF-8 to the UTF-16 of Windows and back, and what Windows says of errors.
#include "text_windows.h"

#include <coil/runtime/detail/windows_error.h>
#include <coil/runtime/error.h>

#include <windows.h>

#include <stdexcept>

namespace coil::detail {

std::wstring to_wide(std::string_view text, const char* what) {
  if (text.empty()) return {};
  const int size = static_cast<int>(text.size());
  const int count =
      ::MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), size, nullptr, 0);
  if (count <= 0) throw std::invalid_argument(std::string(what) + " is no UTF-8");
  std::wstring wide(static_cast<std::size_t>(count), L'\0');
  ::MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text.data(), size, wide.data(), count);
  return wide;
}

// Half of a pair, which Windows allows in names, becomes U+FFFD.
std::string to_utf8(std::wstring_view text) {
  if (text.empty()) return {};
  const int size = static_cast<int>(text.size());
  const int count =
      ::WideCharToMultiByte(CP_UTF8, 0, text.data(), size, nullptr, 0, nullptr, nullptr);
  std::string utf8(static_cast<std::size_t>(count), '\0');
  ::WideCharToMultiByte(CP_UTF8, 0, text.data(), size, utf8.data(), count, nullptr, nullptr);
  return utf8;
}

void throw_last(const std::string& what) { throw SystemError(last_windows_error(), what); }

void refuse(const std::string& sentence) {
  throw SystemError(make_error_code(Errc::not_supported), sentence);
}

}  // namespace coil::detail
