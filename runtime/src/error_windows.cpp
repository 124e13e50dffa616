// What the error numbers of Windows mean, and what they say.
#include "native_error_windows.h"

#include <winsock2.h>

#include <windows.h>
#include <winternl.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace coil {

namespace detail {

namespace {

struct Meaning {
  unsigned long windows;
  int number;
};

// The first line with a number is the one whose text describes it.
constexpr Meaning meanings[] = {
    {WSAECONNREFUSED, ECONNREFUSED},
    {ERROR_CONNECTION_REFUSED, ECONNREFUSED},
    {WSAECONNRESET, ECONNRESET},
    {ERROR_NETNAME_DELETED, ECONNRESET},
    {WSAENETRESET, ECONNRESET},
    {ERROR_PORT_UNREACHABLE, ECONNREFUSED},
    {WSAECONNABORTED, ECONNABORTED},
    {ERROR_CONNECTION_ABORTED, ECONNABORTED},
    {WSAESHUTDOWN, EPIPE},
    {ERROR_BROKEN_PIPE, EPIPE},
    {ERROR_NO_DATA, EPIPE},
    {ERROR_PIPE_NOT_CONNECTED, EPIPE},
    {ERROR_GRACEFUL_DISCONNECT, EPIPE},
    {WSAETIMEDOUT, ETIMEDOUT},
    {ERROR_SEM_TIMEOUT, ETIMEDOUT},
    {WSAEHOSTUNREACH, EHOSTUNREACH},
    {ERROR_HOST_UNREACHABLE, EHOSTUNREACH},
    {WSAENETUNREACH, ENETUNREACH},
    {ERROR_NETWORK_UNREACHABLE, ENETUNREACH},
    {WSAENETDOWN, ENETDOWN},
    {WSAEADDRINUSE, EADDRINUSE},
    {ERROR_ADDRESS_ALREADY_ASSOCIATED, EADDRINUSE},
    {WSAEADDRNOTAVAIL, EADDRNOTAVAIL},
    {ERROR_INVALID_NETNAME, EADDRNOTAVAIL},
    {WSAEAFNOSUPPORT, EAFNOSUPPORT},
    {WSAEPROTONOSUPPORT, EPROTONOSUPPORT},
    {WSAEPROTOTYPE, EPROTOTYPE},
    {WSAENOPROTOOPT, ENOPROTOOPT},
    {WSAEOPNOTSUPP, EOPNOTSUPP},
    {WSAENOTSOCK, ENOTSOCK},
    {WSAEDESTADDRREQ, EDESTADDRREQ},
    {WSAEMSGSIZE, EMSGSIZE},
    {ERROR_MORE_DATA, EMSGSIZE},
    {WSAEISCONN, EISCONN},
    {ERROR_CONNECTION_ACTIVE, EISCONN},
    {WSAENOTCONN, ENOTCONN},
    {WSAEALREADY, EALREADY},
    {WSAEINPROGRESS, EINPROGRESS},
    {WSAEWOULDBLOCK, EWOULDBLOCK},
    {WSAEINTR, EINTR},
    {WSAENOBUFS, ENOBUFS},
    {ERROR_NO_SYSTEM_RESOURCES, ENOBUFS},
    {ERROR_WORKING_SET_QUOTA, ENOBUFS},
    {WSAEMFILE, EMFILE},
    {ERROR_TOO_MANY_OPEN_FILES, EMFILE},
    {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
    {ERROR_OUTOFMEMORY, ENOMEM},
    {ERROR_COMMITMENT_LIMIT, ENOMEM},
    {ERROR_INVALID_HANDLE, EBADF},
    {WSAEBADF, EBADF},
    {ERROR_INVALID_PARAMETER, EINVAL},
    {WSAEINVAL, EINVAL},
    {WSAEFAULT, EFAULT},
    {ERROR_NOACCESS, EFAULT},
    {WSAEACCES, EACCES},
    {ERROR_ACCESS_DENIED, EACCES},
    {ERROR_SHARING_VIOLATION, EACCES},
    {ERROR_FILE_NOT_FOUND, ENOENT},
    {ERROR_PATH_NOT_FOUND, ENOENT},
    {ERROR_FILE_EXISTS, EEXIST},
    {ERROR_ALREADY_EXISTS, EEXIST},
    {ERROR_DIRECTORY, ENOTDIR},
    {ERROR_DISK_FULL, ENOSPC},
    {ERROR_NOT_SUPPORTED, ENOTSUP},
    {ERROR_OPERATION_ABORTED, ECANCELED},
};

// The text of a Windows code, without the end of its line.
std::string windows_text(unsigned long code) {
  char text[512];
  const DWORD size = ::FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS,
                                      nullptr, code, 0, text, sizeof text, nullptr);
  std::string sentence(text, size);
  while (!sentence.empty() && std::strchr("\r\n. ", sentence.back()) != nullptr) {
    sentence.pop_back();
  }
  return sentence.empty() ? "Windows error " + std::to_string(code) : sentence;
}

// As std::system_category, but for the numbers that error_number gives.
class WindowsErrors final : public std::error_category {
 public:
  const char* name() const noexcept override { return "system"; }
  std::string message(int number) const override {
    if (number >= windows_error_base) {
      return windows_text(static_cast<unsigned long>(number - windows_error_base));
    }
    for (const Meaning& meaning : meanings) {
      if (meaning.number == number) return windows_text(meaning.windows);
    }
    return std::generic_category().message(number);
  }
  std::error_condition default_error_condition(int number) const noexcept override {
    if (number >= windows_error_base) return {number, *this};
    return {number, std::generic_category()};
  }
};

}  // namespace

int error_number(unsigned long windows_code) noexcept {
  if (windows_code == ERROR_SUCCESS) return 0;
  for (const Meaning& meaning : meanings) {
    if (meaning.windows == windows_code) return meaning.number;
  }
  // Nothing that Windows reports is larger; what a driver makes up is cut.
  return windows_error_base + static_cast<int>(windows_code & 0xffff);
}

int error_number_of_status(unsigned long status) noexcept {
  return error_number(::RtlNtStatusToDosError(static_cast<NTSTATUS>(status)));
}

std::error_code last_windows_error() noexcept {
  return system_error_code(error_number(::GetLastError()));
}

}  // namespace detail

std::error_code system_error_code(int number) noexcept {
  static const detail::WindowsErrors category;
  return std::error_code(number, category);
}

}  // namespace coil
