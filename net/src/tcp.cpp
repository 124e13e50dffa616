// TCP: connecting, listening, and what a stream knows about itself.
#include <coil/net/tcp.h>

#include <coil/runtime/as_result.h>

#include "address_native.h"
#include "socket.h"

namespace coil {

namespace detail {

TcpStream ToStream::operator()(AcceptOperation& op, std::int64_t outcome) const {
  TcpStream stream(op.reactor(), NativeHandle(outcome));
  if (no_delay_) {
    // A connection that is gone already shows that to its reader, not to whoever accepts.
    [[maybe_unused]] const Result<> set =
        op.reactor().sockets().set_option(NativeHandle(outcome), SocketOption::no_delay, 1);
  }
  return stream;
}

}  // namespace detail

namespace {

// Every failure of an attempt is a ConnectError that names the peer.
[[noreturn]] void throw_connect_error(std::error_code code, const Address& peer) {
  const std::string what = "connect to " + peer.to_string();
  if (code == std::errc::timed_out) throw TimedOut(code, what);
  if (code == std::errc::connection_refused) throw ConnectionRefusedError(code, what);
  if (code == std::errc::host_unreachable || code == std::errc::network_unreachable) {
    throw NoRouteError(code, what);
  }
  throw ConnectError(code, what);
}

}  // namespace

Task<TcpStream> TcpStream::connect(Reactor& reactor, Address peer, TcpOptions options) {
  SocketCalls& sockets = reactor.sockets();
  const Result<NativeHandle> opened = sockets.open(peer.family(), SocketType::stream);
  if (!opened) throw_connect_error(opened.error().code(), peer);
  const NativeHandle native = *opened;
  TcpStream stream(reactor, native);
  if (options.no_delay) sockets.set_option(native, SocketOption::no_delay, 1).value();
  if (options.keep_alive) sockets.set_option(native, SocketOption::keep_alive, 1).value();
  if (options.bind_address) {
    sockets.set_option(native, SocketOption::reuse_address, 1).value();
    const Result<> bound = sockets.bind(native, detail::to_native(*options.bind_address));
    if (!bound) {
      throw ConnectBindError(bound.error().code(), "bind " + options.bind_address->to_string());
    }
  }
  using Connect = Await<ConnectOperation, void, detail::ToNothing>;
  Connect attempt(detail::ToNothing(), reactor, stream.id(), detail::to_native(peer));
  const Result<> connected = co_await as_result(std::move(attempt));
  if (!connected) throw_connect_error(connected.error().code(), peer);
  co_return stream;
}

void TcpStream::abort() noexcept {
  if (HandleSlot* slot = socket_.slot()) slot->linger_zero = true;
  socket_.close();
}

void TcpStream::unread(ConstBytes bytes) {
  HandleSlot* slot = socket_.slot();
  if (slot != nullptr) slot->unread.prepend(bytes);
}

TcpListener TcpListener::adopt(Reactor& reactor, NativeHandle listening) {
  detail::check_adoptable(reactor, listening, detail::Adopted::listening);
  const NativeHandle own = reactor.sockets().duplicate(listening).value();
  TcpListener listener;
  listener.socket_ = detail::OwnedSocket(reactor, own, HandleKind::listener);
  return listener;
}

TcpListener TcpListener::bind(Reactor& reactor, const Address& local, ListenOptions options) {
  std::vector<detail::OptionValue> set;
  if (options.reuse_address) set.emplace_back(SocketOption::reuse_address, 1);
  if (options.reuse_port) set.emplace_back(SocketOption::reuse_port, 1);
  if (local.ip().is_v6()) set.emplace_back(SocketOption::ipv6_only, options.ipv6_only ? 1 : 0);
  TcpListener listener;
  listener.socket_ = detail::open_bound(reactor, SocketType::stream, local, set);
  listener.no_delay_ = options.no_delay;
  const NativeHandle native = listener.socket_.native();
  detail::check_listening(reactor.sockets().listen(native, options.backlog_max), local);
  return listener;
}

}  // namespace coil
