// TcpStream and TcpListener: TCP connections, awaited directly.
#pragma once

#include <coil/net/address.h>
#include <coil/net/detail/owned_socket.h>
#include <coil/net/socket_options.h>
#include <coil/runtime/await.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace coil {

// TcpOptions: how a connection is made.
//
// Example (tests/examples/tcp_example.cpp, "options"):
//
//   TcpOptions options = TcpOptions().set_keep_alive(true);
class TcpOptions {
 public:
  TcpOptions() noexcept {}
  // The local address; by default the system picks it.
  TcpOptions& set_bind_address(const Address& value) {
    bind_address = value;
    return *this;
  }
  // Sends small writes at once; on by default.
  TcpOptions& set_no_delay(bool value) noexcept {
    no_delay = value;
    return *this;
  }
  TcpOptions& set_keep_alive(bool value) noexcept {
    keep_alive = value;
    return *this;
  }
  std::optional<Address> bind_address;
  bool no_delay = true;
  bool keep_alive = false;
};

// ListenOptions: how a listener is made.
//
// Example (tests/examples/tcp_example.cpp, "options"):
//
//   ListenOptions options = ListenOptions().set_backlog_max(16);
class ListenOptions {
 public:
  ListenOptions() noexcept {}
  ListenOptions& set_backlog_max(int value) noexcept {
    backlog_max = value;
    return *this;
  }
  // Binds although connections of an earlier listener linger on the port; on by default.
  ListenOptions& set_reuse_address(bool value) noexcept {
    reuse_address = value;
    return *this;
  }
  // Several sockets share the port, and the kernel spreads the connections.
  ListenOptions& set_reuse_port(bool value) noexcept {
    reuse_port = value;
    return *this;
  }
  // A listener on an IPv6 address refuses IPv4 peers; on by default, so that both families can
  // have a listener of their own on one port.
  ListenOptions& set_ipv6_only(bool value) noexcept {
    ipv6_only = value;
    return *this;
  }
  // Accepted connections send small writes at once; on by default.
  ListenOptions& set_no_delay(bool value) noexcept {
    no_delay = value;
    return *this;
  }
  int backlog_max = 4096;
  bool reuse_address = true;
  bool reuse_port = false;
  bool ipv6_only = true;
  bool no_delay = true;
};

// TcpStream: one established TCP connection, awaited directly.
//
// Example (tests/examples/tcp_example.cpp, "greet"):
//
//   Task<void> greet(Reactor& reactor, Address server) {
//     TcpStream stream = co_await TcpStream::connect(reactor, server);
//     co_await write_all(stream, "hello\n");
//     std::array<std::byte, 512> reply;
//     std::size_t size = co_await stream.read_some(reply);
//     if (size == 0) co_return;            // The peer closed before answering.
//   }
//
// Requires:   The reactor outlives the stream. At most one read and one write are awaited at a
//             time; a second one while the first is pending is asserted against.
// Guarantees: Bytes arrive in order and once. A stream may be moved at any time. Destroying it
//             closes the connection; bytes that write_some accepted are still delivered by the
//             kernel, unless something that the peer had sent was never read: TCP then resets.
// Source:     RFC 9293; Twisted's ITCPTransport for shutdown and abort.
class TcpStream {
 public:
  // A stream that is not open.
  TcpStream() noexcept {}
  // Takes over a connected native handle; it is closed if that fails.
  TcpStream(Reactor& reactor, NativeHandle connected)
      : socket_(reactor, connected, HandleKind::stream) {}

  // Connects to `peer`.
  //
  // Errors:       ConnectError, naming the peer: ConnectionRefusedError, NoRouteError, TimedOut
  //               when the kernel gave up; ConnectBindError for a local address that cannot be
  //               used.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  static Task<TcpStream> connect(Reactor& reactor, Address peer, TcpOptions options = TcpOptions());

  // Reads what is available, at least one byte, at most `into.size()`.
  //
  // Completes when data arrives, when the peer stops sending (gives 0), on error, or on
  // cancellation. An empty `into` completes at once with 0 and touches nothing.
  //
  // Errors:       ConnectionLost if the peer reset the connection or it timed out; HandleClosed.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  // Buffers:      `into` must stay valid until completion, also after cancelling: the kernel may
  //               still be writing to it.
  // Cost:         No allocation. One system call or one ring entry.
  auto read_some(MutableBytes into) {
    using Read = Await<ReceiveOperation, std::size_t, detail::ToSize>;
    return Read(detail::ToSize(), socket_.reactor(), socket_.id(), into);
  }
  // Gives the bytes where the kernel put them; an empty lease is the end of the stream.
  //
  // Errors:       ConnectionLost if the peer reset the connection or it timed out; HandleClosed.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  // Cost:         No buffer while nothing arrives.
  auto receive() {
    using Receive = Await<ReceiveLeaseOperation, BufferLease, detail::ToLease>;
    return Receive(detail::ToLease(), socket_.reactor(), socket_.id());
  }
  // Sends at least one byte of `from`, and gives how many; 0 only if there is nothing to send.
  //
  // Errors:       ConnectionLost if the peer has gone; HandleClosed.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  // Buffers:      `from` must stay valid until completion, also after cancelling.
  auto write_some(ConstBytes from) {
    using Write = Await<SendOperation, std::size_t, detail::ToSize>;
    return Write(detail::ToSize(), socket_.reactor(), socket_.id(), from);
  }
  // The same for several pieces in one call; the list of them must stay valid too.
  auto write_some(std::span<const ConstBytes> pieces) {
    using Write = Await<SendOperation, std::size_t, detail::ToSize>;
    return Write(detail::ToSize(), socket_.reactor(), socket_.id(), pieces);
  }
  // Writes all of `from`.
  //
  // Errors:       As write_some.
  // Cancellation: Cancellable; some bytes may have been transferred.
  // Buffers:      `from` must stay valid until completion.
  // Cost:         No allocation, and one resumption however many steps it takes.
  auto write_all(ConstBytes from) {
    using Write = Await<SendOperation, void, detail::ToNothing>;
    return Write(detail::ToNothing(), socket_.reactor(), socket_.id(), from, Sending::whole);
  }
  // Ends the sending side: the peer reads 0 after everything that was written.
  //
  // Errors:       SystemError if the connection has gone already; HandleClosed.
  // Cancellation: Cancellable; if cancelled, nothing was transferred. The sending side is then as
  //               it was: in the clean-up after a cancel, await this with shielded().
  auto shutdown_write() {
    using Shutdown = Await<ShutdownOperation, void, detail::ToNothing>;
    return Shutdown(detail::ToNothing(), socket_.reactor(), socket_.id());
  }

  // Closes the connection; pending awaits on it end with HandleClosed.
  void close() noexcept { socket_.close(); }
  // Closes it with a reset: what is queued on either side is dropped.
  void abort() noexcept;
  // Gives `bytes` back, to be read before anything new; they are copied.
  void unread(ConstBytes bytes);

  // Gives the connection to the caller, for another reactor to take over: what the reactor has
  // received ahead is appended to `unread`, and comes first. The stream is closed here.
  //
  // Requires: Nothing is awaited on it (asserted).
  // Errors:   HandleClosed.
  NativeHandle release(std::vector<std::byte>& unread) { return socket_.release(unread); }

  bool is_open() const noexcept { return socket_.slot() != nullptr; }
  Address peer_address() const { return socket_.peer_address(); }
  Address local_address() const { return socket_.local_address(); }
  // Reads or sets an option of socket_options.h.
  template <TcpOption O>
  O get() const {
    return socket_.get<O>();
  }
  template <TcpOption O>
  void set(const O& value) const {
    socket_.set(value);
  }
  Reactor& reactor() const { return socket_.reactor(); }
  HandleId id() const noexcept { return socket_.id(); }

 private:
  friend class detail::Duplex;
  explicit TcpStream(detail::OwnedSocket socket) noexcept : socket_(std::move(socket)) {}

  detail::OwnedSocket socket_;
};

namespace detail {

class ToStream {
 public:
  explicit ToStream(bool no_delay) noexcept : no_delay_(no_delay) {}
  TcpStream operator()(AcceptOperation& op, std::int64_t outcome) const;

 private:
  bool no_delay_;
};

}  // namespace detail

// How far accept() may go.
enum class Accepting : bool {
  one,  // One connection; further ones wait in the backlog, for whoever accepts them.
  all,  // The caller takes every connection: the reactor may accept ahead of the next call. What
        // nobody has asked for when the listener closes is closed with it.
};

// TcpListener: a socket that accepts connections.
//
// Example (tests/examples/tcp_example.cpp, "listen"):
//
//   TcpListener listener = TcpListener::bind(reactor, Address::loopback(0));
//   TcpStream stream = co_await listener.accept();
//
// Requires:   The reactor outlives the listener.
// Guarantees: Running out of descriptors is not an error: accept waits until one can be had. Nor is
//             a connection that broke before it was accepted: the next one is taken.
class TcpListener {
 public:
  // A listener that is not open.
  TcpListener() noexcept {}

  // Listens on a duplicate of a socket that listens already, of this process or another one.
  //
  // Errors: UnsupportedAddressFamily, UnsupportedSocketType, also where it does not listen;
  //         SystemError for a bad handle, and on a reactor that has no sockets from outside.
  static TcpListener adopt(Reactor& reactor, NativeHandle listening);

  // Binds and listens; port 0 picks one, see local_address().
  //
  // Errors: CannotListenError, naming the address.
  static TcpListener bind(Reactor& reactor, const Address& local,
                          ListenOptions options = ListenOptions());

  // Gives the next connection. Several tasks may await one at once: each connection goes to one of
  // them, to the one that began first except on io_uring, where the kernel picks.
  //
  // Errors:       HandleClosed when the listener was closed; SystemError for anything else.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  auto accept(Accepting how = Accepting::one) {
    using Accept = Await<AcceptOperation, TcpStream, detail::ToStream>;
    return Accept(detail::ToStream(no_delay_), socket_.reactor(), socket_.id(),
                  how == Accepting::all);
  }

  // Stops listening; pending accepts end with HandleClosed. The address can be bound again at once,
  // but on io_uring, where an accept was pending or the reactor accepted ahead, only when the
  // kernel has ended that, in a coming turn. ListeningPort::stopListening waits for it.
  void close() noexcept { socket_.close(); }
  bool is_open() const noexcept { return socket_.slot() != nullptr; }
  Address local_address() const { return socket_.local_address(); }
  Reactor& reactor() const { return socket_.reactor(); }
  HandleId id() const noexcept { return socket_.id(); }

 private:
  friend class SharedPort;

  detail::OwnedSocket socket_;
  bool no_delay_ = true;
};

}  // namespace coil
