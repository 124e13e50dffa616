// PosixSocketCalls: the socket calls of a real kernel. Included by the backends.
#pragma once

#include <coil/runtime/socket_calls.h>

#include <span>

namespace coil::detail {

// Sends without waiting: the bytes taken or an error, as an outcome; nothing if it would block.
Attempt try_send(int descriptor, ConstBytes bytes) noexcept;
Attempt try_send(int descriptor, std::span<const ConstBytes> pieces) noexcept;

class PosixSocketCalls final : public SocketCalls {
 public:
  // Readiness backends need non-blocking sockets; a completion backend must not have them.
  explicit PosixSocketCalls(bool nonblocking) noexcept : nonblocking_(nonblocking) {}

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
    return try_send(socket.descriptor(), pieces);
  }
  Result<> shutdown(NativeHandle socket, ShutdownSide side) override;
  Result<SocketFacts> facts(NativeHandle socket) override;
  Result<NativeHandle> duplicate(NativeHandle socket) override;
  void close(NativeHandle handle) noexcept override;

 private:
  bool nonblocking_;
};

}  // namespace coil::detail
