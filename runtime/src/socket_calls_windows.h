// WinsockCalls: the socket calls of Windows. Included by the Windows files of runtime/.
#pragma once

#include <coil/runtime/socket_calls.h>

#include <winsock2.h>

#include <cstddef>
#include <span>

namespace coil::detail {

inline SOCKET socket_of(NativeHandle handle) noexcept {
  return static_cast<SOCKET>(handle.value());
}
inline NativeHandle handle_of(SOCKET socket) noexcept {
  return NativeHandle(static_cast<std::intptr_t>(socket));
}

// Starts Winsock, once in a process, for as long as that lives.
//
// Errors: SystemError.
void start_winsock();

// Calls that are not overlapped fail where they would wait; false if that cannot be had.
bool make_nonblocking(SOCKET socket) noexcept;

// The outcome for an error of a stream. Windows tells a connection that the network broke from one
// that the peer reset; both are lost, and neither was aborted here.
std::int64_t stream_error(int number) noexcept;

// The pieces in the layout of Winsock: how many were taken, of at most `bytes_max` bytes. One call
// never takes more than its counts can tell.
inline constexpr std::size_t gather_max = 64;
inline constexpr std::size_t call_bytes_max = std::size_t{1} << 30;
DWORD gather(std::span<const ConstBytes> pieces, std::size_t bytes_max,
             std::span<WSABUF, gather_max> into) noexcept;

// Sends without waiting: the bytes taken or an error, as an outcome; nothing if it would block.
Attempt try_send(SOCKET socket, std::span<const ConstBytes> pieces) noexcept;

class WinsockCalls final : public SocketCalls {
 public:
  WinsockCalls() { start_winsock(); }

  Result<NativeHandle> open(SocketFamily family, SocketType type) override;
  Result<> bind(NativeHandle socket, const NativeAddress& local) override;
  Result<> listen(NativeHandle socket, int backlog_max) override;
  Result<> connect_datagram(NativeHandle socket, const NativeAddress& peer) override;
  Result<NativeAddress> local_address(NativeHandle socket) override;
  Result<NativeAddress> peer_address(NativeHandle socket) override;
  Result<> set_option(NativeHandle socket, SocketOption option, int value) override;
  Result<int> get_option(NativeHandle socket, SocketOption option) override;
  Result<> membership(NativeHandle socket, const NativeAddress& group, const NativeAddress& through,
                      bool join) override;
  Attempt send_now(NativeHandle socket, std::span<const ConstBytes> pieces) noexcept override {
    return try_send(socket_of(socket), pieces);
  }
  Result<> shutdown(NativeHandle socket, ShutdownSide side) override;
  Result<SocketFacts> facts(NativeHandle socket) override;
  Result<NativeHandle> duplicate(NativeHandle socket) override;
  void close(NativeHandle handle) noexcept override;
};

}  // namespace coil::detail
