// Pipes of a test's own on Windows: named ones, for those without a name cannot be overlapped.
#include "support/foreign_pipe.h"

#include <doctest/doctest.h>
#include <winsock2.h>

#include <windows.h>

#include <atomic>
#include <string>
#include <utility>

#include "support/foreign_socket.h"

namespace coil::testing {

ForeignPipe::ForeignPipe() {
  static std::atomic<int> made{0};
  const std::wstring name = L"\\\\.\\pipe\\coil_test_" + std::to_wstring(::GetCurrentProcessId()) +
                            L"_" + std::to_wstring(++made);
  const HANDLE server = ::CreateNamedPipeW(
      name.c_str(), PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
      PIPE_TYPE_BYTE | PIPE_WAIT, 1, 65536, 65536, 0, nullptr);
  REQUIRE(server != INVALID_HANDLE_VALUE);
  const HANDLE client = ::CreateFileW(name.c_str(), GENERIC_WRITE | FILE_READ_ATTRIBUTES, 0,
                                      nullptr, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, nullptr);
  REQUIRE(client != INVALID_HANDLE_VALUE);
  reading = NativeHandle(reinterpret_cast<std::intptr_t>(server));
  writing = NativeHandle(reinterpret_cast<std::intptr_t>(client));
}

WatchedPipe::WatchedPipe() {
  auto [reading, writing] = ForeignSocket::connected();
  ends_ = {reading.release(), writing.release()};
}

void WatchedPipe::close_end(std::size_t end) noexcept {
  if (ends_[end].valid()) {
    ::closesocket(static_cast<SOCKET>(std::exchange(ends_[end], NativeHandle()).value()));
  }
}

void WatchedPipe::put(char byte) {
  REQUIRE(::send(static_cast<SOCKET>(writing().value()), &byte, 1, 0) == 1);
}

std::ptrdiff_t WatchedPipe::get(char& byte) noexcept {
  return ::recv(static_cast<SOCKET>(reading().value()), &byte, 1, 0);
}

}  // namespace coil::testing
