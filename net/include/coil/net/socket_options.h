// Socket options as small types, so that a name carries what it may be set to.
#pragma once

#include <coil/runtime/socket_calls.h>

#include <concepts>

namespace coil {

// FlagOption: an option that is on or off.
//
// Example (tests/examples/tcp_example.cpp, "socket options"):
//
//   stream.set(KeepAlive(true));
//   bool sends_at_once = stream.get<NoDelay>().on();
template <SocketOption Option>
class FlagOption {
 public:
  static constexpr SocketOption option = Option;

  explicit constexpr FlagOption(bool on) noexcept : on_(on) {}
  static constexpr FlagOption from_raw(int raw) noexcept { return FlagOption(raw != 0); }

  constexpr bool on() const noexcept { return on_; }
  constexpr int raw() const noexcept { return on_ ? 1 : 0; }

 private:
  bool on_;
};

// NumberOption: an option that is a number; its alias below says of what.
//
// Example (tests/examples/tcp_example.cpp, "socket options"):
//
//   stream.set(ReceiveBuffer(256 * 1024));
//   int bytes = stream.get<ReceiveBuffer>().value();
template <SocketOption Option>
class NumberOption {
 public:
  static constexpr SocketOption option = Option;

  explicit constexpr NumberOption(int value) noexcept : value_(value) {}
  static constexpr NumberOption from_raw(int raw) noexcept { return NumberOption(raw); }

  constexpr int value() const noexcept { return value_; }
  constexpr int raw() const noexcept { return value_; }

 private:
  int value_;
};

// Small writes are sent at once instead of being collected.
using NoDelay = FlagOption<SocketOption::no_delay>;
// The kernel asks an idle peer now and then whether it is still there.
using KeepAlive = FlagOption<SocketOption::keep_alive>;
// Datagrams may be sent to a broadcast address.
using Broadcast = FlagOption<SocketOption::broadcast>;
// Datagrams to a multicast group also arrive at members on this machine.
using MulticastLoop = FlagOption<SocketOption::multicast_loop>;
// How many routers a multicast datagram may pass.
using MulticastHops = NumberOption<SocketOption::multicast_ttl>;
// Bytes that the kernel holds for the peer. Linux gives twice what was asked, and counts its own
// bookkeeping in.
using SendBuffer = NumberOption<SocketOption::send_buffer>;
// Bytes that the kernel holds for the reader; the same remark holds.
using ReceiveBuffer = NumberOption<SocketOption::receive_buffer>;

// Options that a TcpStream has.
template <class O>
concept TcpOption = std::same_as<O, NoDelay> || std::same_as<O, KeepAlive> ||
                    std::same_as<O, SendBuffer> || std::same_as<O, ReceiveBuffer>;

// Options that a DatagramSocket has.
template <class O>
concept DatagramOption =
    std::same_as<O, Broadcast> || std::same_as<O, MulticastLoop> ||
    std::same_as<O, MulticastHops> || std::same_as<O, SendBuffer> || std::same_as<O, ReceiveBuffer>;

}  // namespace coil
