// TCP: connecting, listening, and what a stream knows about itself.
#include <coil/net/tcp.h>

#include "address_native.h"

namespace coil {

namespace detail {

NativeHandle OwnedSocket::native() const {
  const HandleSlot* live = slot();
  if (live == nullptr) throw_error(make_error_code(Errc::handle_closed), "socket");
  return live->native();
}

int OwnedSocket::option(SocketOption option) const {
  return reactor().sockets().get_option(native(), option).value();
}

void OwnedSocket::set_option(SocketOption option, int value) const {
  reactor().sockets().set_option(native(), option, value).value();
}

Address OwnedSocket::local_address() const {
  return from_native(reactor().sockets().local_address(native()).value());
}

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

Task<TcpStream> TcpStream::connect(Reactor& reactor, Address peer, TcpOptions options) {
  SocketCalls& sockets = reactor.sockets();
  const NativeHandle native = sockets.open(peer.family(), SocketType::stream).value();
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
  co_await Connect("connect", detail::ToNothing(), reactor, stream.id(), detail::to_native(peer));
  co_return stream;
}

void TcpStream::abort() noexcept {
  if (HandleSlot* slot = socket_.slot()) slot->linger_zero = true;
  socket_.close();
}

void TcpStream::unread(ConstBytes bytes) {
  HandleSlot* slot = socket_.slot();
  if (slot == nullptr || bytes.empty()) return;
  if (slot->unread == nullptr) slot->unread = std::make_unique<std::vector<std::byte>>();
  slot->unread->insert(slot->unread->begin(), bytes.begin(), bytes.end());
}

Address TcpStream::peer_address() const {
  return detail::from_native(reactor().sockets().peer_address(socket_.native()).value());
}

TcpListener TcpListener::bind(Reactor& reactor, const Address& local, ListenOptions options) {
  SocketCalls& sockets = reactor.sockets();
  TcpListener listener;
  auto check = [&](const Result<>& result) {
    if (!result) {
      throw CannotListenError(result.error().code(), "cannot listen on " + local.to_string());
    }
  };
  const Result<NativeHandle> opened = sockets.open(local.family(), SocketType::stream);
  if (!opened) {
    throw CannotListenError(opened.error().code(), "cannot listen on " + local.to_string());
  }
  listener.socket_ =
      detail::OwnedSocket(reactor, reactor.handles().open(*opened, HandleKind::listener));
  listener.no_delay_ = options.no_delay;
  check(sockets.set_option(*opened, SocketOption::reuse_address, 1));
  if (options.reuse_port) check(sockets.set_option(*opened, SocketOption::reuse_port, 1));
  if (local.ip().is_v6()) check(sockets.set_option(*opened, SocketOption::ipv6_only, 1));
  check(sockets.bind(*opened, detail::to_native(local)));
  check(sockets.listen(*opened, options.backlog_max));
  return listener;
}

}  // namespace coil
