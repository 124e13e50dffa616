// SocketCalls: the synchronous socket calls, so that a simulation can answer them.
#pragma once

#include <coil/runtime/buffer.h>
#include <coil/runtime/native_handle.h>
#include <coil/runtime/operation.h>
#include <coil/runtime/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace coil {

enum class SocketFamily : std::uint8_t { ipv4, ipv6, local };
enum class SocketType : std::uint8_t { stream, datagram };
enum class ShutdownSide : std::uint8_t { read, write, both };

// The options that coil sets and reads; the meaning of the integer is said per option.
enum class SocketOption : std::uint8_t {
  reuse_address,   // 0 or 1.
  reuse_port,      // 0 or 1.
  no_delay,        // 0 or 1.
  keep_alive,      // 0 or 1.
  broadcast,       // 0 or 1.
  ipv6_only,       // 0 or 1.
  send_buffer,     // Bytes.
  receive_buffer,  // Bytes.
  linger_zero,     // 1: close resets the connection.
  multicast_loop,  // 0 or 1.
  multicast_ttl,   // Hops.
  receive_errors,  // 1: refusals of earlier datagrams are reported (Linux: IP_RECVERR).
  // The outgoing one: its IPv4 address as a number, or its index for IPv6; 0: the system picks.
  multicast_interface,
  // Of a listener that shares its port: the processor whose connections it wants (Linux).
  incoming_processor,
};

// SocketFacts: what a socket of unknown origin turns out to be.
//
// Example (tests/examples/handle_example.cpp, "socket facts"):
//
//   Result<SocketFacts> facts = reactor.sockets().facts(socket);
//   bool can_accept = facts && facts->listening;
class SocketFacts {
 public:
  SocketFacts() noexcept {}
  std::optional<SocketFamily> family;  // Nothing for one that coil does not know.
  std::optional<SocketType> type;
  bool listening = false;
};

// SocketCalls: what never blocks and needs no completion.
//
// Example (tests/examples/handle_example.cpp, "socket calls"):
//
//   Result<NativeHandle> socket =
//       reactor.sockets().open(SocketFamily::ipv4, SocketType::stream);
//
// Guarantees: Handles are not inherited by child processes.
class SocketCalls {
 public:
  virtual ~SocketCalls() = default;

  virtual Result<NativeHandle> open(SocketFamily family, SocketType type) = 0;
  virtual Result<> bind(NativeHandle socket, const NativeAddress& local) = 0;
  virtual Result<> listen(NativeHandle socket, int backlog_max) = 0;
  // Sets the default peer of a datagram socket.
  virtual Result<> connect_datagram(NativeHandle socket, const NativeAddress& peer) = 0;
  virtual Result<NativeAddress> local_address(NativeHandle socket) = 0;
  virtual Result<NativeAddress> peer_address(NativeHandle socket) = 0;
  virtual Result<> set_option(NativeHandle socket, SocketOption option, int value) = 0;
  virtual Result<int> get_option(NativeHandle socket, SocketOption option) = 0;
  // Joins or leaves a multicast group, on the interface that has this IPv4 address or is the scope
  // of this IPv6 address; the any-address lets the system pick. A socket that joined a group hears
  // no group that only others joined.
  virtual Result<> membership(NativeHandle socket, const NativeAddress& group,
                              const NativeAddress& through, bool join) = 0;
  // Sends what the kernel takes without waiting, as an outcome, nothing if it would wait; for a
  // stream that no send is in flight on.
  virtual Attempt send_now(NativeHandle socket, std::span<const ConstBytes> pieces) noexcept = 0;
  virtual Result<> shutdown(NativeHandle socket, ShutdownSide side) = 0;
  // Tells what `socket` is; not_supported where no socket can come from outside.
  virtual Result<SocketFacts> facts(NativeHandle) {
    return Error(make_error_code(Errc::not_supported), "a socket from outside");
  }
  // Opens `socket` a second time, ready for this reactor: whether calls block, which the two have
  // in common, is set as it needs it.
  virtual Result<NativeHandle> duplicate(NativeHandle) {
    return Error(make_error_code(Errc::not_supported), "a socket from outside");
  }
  virtual void close(NativeHandle handle) noexcept = 0;
};

}  // namespace coil
