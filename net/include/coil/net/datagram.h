// DatagramSocket: UDP, awaited directly.
#pragma once

#include <coil/net/address.h>
#include <coil/net/detail/owned_socket.h>
#include <coil/net/socket_options.h>
#include <coil/runtime/await.h>
#include <coil/runtime/reactor.h>

#include <cstddef>
#include <utility>

namespace coil {

// Datagram: what a receive brought.
//
// Example (tests/examples/datagram_example.cpp, "echo"):
//
//   Datagram datagram = co_await socket.receive(buffer);
//   co_await socket.send(ConstBytes(buffer).first(datagram.size()), datagram.sender());
class Datagram {
 public:
  Datagram(std::size_t size, const Address& sender, bool truncated) noexcept
      : size_(size), sender_(sender), truncated_(truncated) {}

  // Bytes in the buffer; a datagram may be empty.
  std::size_t size() const noexcept { return size_; }
  const Address& sender() const noexcept { return sender_; }
  // The datagram was longer than the buffer; its rest is lost.
  bool truncated() const noexcept { return truncated_; }

 private:
  std::size_t size_;
  Address sender_;
  bool truncated_;
};

// DatagramOptions: how a datagram socket is made.
//
// Example (tests/examples/datagram_example.cpp, "options"):
//
//   DatagramOptions options = DatagramOptions().set_broadcast(true);
class DatagramOptions {
 public:
  DatagramOptions() noexcept {}
  DatagramOptions& set_broadcast(bool value) noexcept {
    broadcast = value;
    return *this;
  }
  // Several sockets may share the port; with multicast each of them gets every datagram.
  DatagramOptions& set_reuse_port(bool value) noexcept {
    reuse_port = value;
    return *this;
  }
  bool broadcast = false;
  bool reuse_port = false;
};

namespace detail {

class ToDatagram {
 public:
  ToDatagram() noexcept {}
  Datagram operator()(ReceiveFromOperation& op, std::int64_t outcome) const;
};

}  // namespace detail

// DatagramSocket: sends and receives datagrams of up to 65,507 bytes.
//
// Example (tests/examples/datagram_example.cpp, "echo"):
//
//   DatagramSocket socket = DatagramSocket::bind(reactor, Address::loopback(0));
//   std::vector<std::byte> buffer(DatagramSocket::size_max);
//   for (;;) {
//     Datagram datagram = co_await socket.receive(buffer);
//     co_await socket.send(ConstBytes(buffer).first(datagram.size()), datagram.sender());
//   }
//
// Requires:   The reactor outlives the socket.
// Guarantees: Datagrams are whole or truncated, never joined. Several tasks may await receives at
//             once, and so with sends: each datagram goes to one of them, to the one that began
//             first except on io_uring, where the kernel picks. An earlier datagram that was
//             refused ends neither a receive nor a send of an unconnected socket.
class DatagramSocket {
 public:
  static constexpr std::size_t size_max = 65507;

  DatagramSocket() noexcept {}

  // Errors: CannotListenError, naming the address.
  static DatagramSocket bind(Reactor& reactor, const Address& local,
                             DatagramOptions options = DatagramOptions());
  // Makes a duplicate of a socket that was bound elsewhere; the caller may close its own at once.
  //
  // Errors: UnsupportedAddressFamily unless it is IPv4 or IPv6, UnsupportedSocketType unless it is
  //         for datagrams; SystemError for a bad handle, and on a reactor that has no sockets from
  //         outside.
  static DatagramSocket adopt(Reactor& reactor, NativeHandle socket);

  // Waits for one datagram.
  //
  // Errors:       ConnectionRefusedError on a connected socket whose peer refused; HandleClosed.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  // Buffers:      `into` must stay valid until completion, also after cancelling.
  auto receive(MutableBytes into) {
    using Receive = Await<ReceiveFromOperation, Datagram, detail::ToDatagram>;
    return Receive(detail::ToDatagram(), socket_.reactor(), socket_.id(), into);
  }
  // Sends one datagram to `to`, or to the connected peer.
  //
  // Errors:       MessageLengthError over size_max; InvalidAddressError for an address of the other
  //               family; ConnectionRefusedError on a connected socket whose peer refused an
  //               earlier one; HandleClosed.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  // Buffers:      `payload` must stay valid until completion, also after cancelling.
  auto send(ConstBytes payload, const Address& to) { return send_native(payload, &to); }
  auto send(ConstBytes payload) { return send_native(payload, nullptr); }

  // Fixes the peer: only its datagrams arrive from now on, after what has arrived already, and its
  // refusals are told.
  //
  // Errors: InvalidAddressError for an address of the other family; SystemError.
  void connect(const Address& peer);
  // Receives what is sent to a multicast group, and no longer what is sent to groups that only
  // others on this machine joined. The interface is named by its IPv4 address, or by the scope of
  // an IPv6 one or of the group; the system picks where nothing is said.
  //
  // Errors: MulticastJoinError, also if it is no group or of the other family.
  void join_group(const IpAddress& group, const IpAddress& through = IpAddress());
  void leave_group(const IpAddress& group, const IpAddress& through = IpAddress());
  // On which interface datagrams to a group go out, named as for join_group; the any-address lets
  // the system pick.
  //
  // Errors: InvalidAddressError for an address that names none; SystemError.
  void set_outgoing_interface(const IpAddress& through);
  IpAddress outgoing_interface() const;
  // Reads or sets an option of socket_options.h.
  template <DatagramOption O>
  O get() const {
    return socket_.get<O>();
  }
  template <DatagramOption O>
  void set(const O& value) const {
    socket_.set(value);
  }

  void close() noexcept { socket_.close(); }
  bool is_open() const noexcept { return socket_.slot() != nullptr; }
  Address local_address() const { return socket_.local_address(); }
  // Errors: SystemError if it is not connected.
  Address peer_address() const;
  Reactor& reactor() const { return socket_.reactor(); }
  HandleId id() const noexcept { return socket_.id(); }

 private:
  Await<SendToOperation, void, detail::ToNothing> send_native(ConstBytes payload,
                                                              const Address* to);
  void change_membership(const IpAddress& group, const IpAddress& through, bool join);
  bool is_v6() const noexcept { return family_ == SocketFamily::ipv6; }

  detail::OwnedSocket socket_;
  SocketFamily family_ = SocketFamily::ipv4;
};

}  // namespace coil
