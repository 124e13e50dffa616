// What the socket types share: opening, options and addresses.
#include "socket.h"

#include "address_native.h"

namespace coil::detail {

namespace {

// The reactor may be out of memory for one more handle; the native one must not be lost then.
HandleId adopt(Reactor& reactor, NativeHandle native, HandleKind kind) {
  try {
    return reactor.handles().open(native, kind);
  } catch (...) {
    reactor.sockets().close(native);
    throw;
  }
}

}  // namespace

OwnedSocket::OwnedSocket(Reactor& reactor, NativeHandle native, HandleKind kind)
    : reactor_(&reactor), id_(adopt(reactor, native, kind)) {}

NativeHandle OwnedSocket::native() const {
  const HandleSlot* live = slot();
  if (live == nullptr) throw_error(make_error_code(Errc::handle_closed), "socket");
  return live->native();
}

NativeHandle OwnedSocket::release(std::vector<std::byte>& unread) {
  static_cast<void>(native());
  return reactor_->handles().release(std::exchange(id_, HandleId()), unread);
}

Address OwnedSocket::local_address() const {
  return from_native(reactor().sockets().local_address(native()).value());
}

Address OwnedSocket::peer_address() const {
  return from_native(reactor().sockets().peer_address(native()).value());
}

int OwnedSocket::raw_option(SocketOption option) const {
  return reactor().sockets().get_option(native(), option).value();
}

void OwnedSocket::set_raw_option(SocketOption option, int value) const {
  reactor().sockets().set_option(native(), option, value).value();
}

void check_listening(const Result<>& result, const Address& local) {
  if (result) return;
  throw CannotListenError(result.error().code(), "cannot listen on " + local.to_string(),
                          local.ip().to_string(), local.port());
}

void check_adoptable(Reactor& reactor, NativeHandle socket, Adopted as) {
  const SocketFacts facts = reactor.sockets().facts(socket).value();
  const std::error_code refused = make_error_code(Errc::not_supported);
  if (facts.family != SocketFamily::ipv4 && facts.family != SocketFamily::ipv6) {
    throw UnsupportedAddressFamily(refused, "only IPv4 and IPv6 sockets can be adopted");
  }
  if (facts.type != SocketType::stream) {
    throw UnsupportedSocketType(refused, "the adopted socket is no stream");
  }
  if (facts.listening != (as == Adopted::listening)) {
    throw UnsupportedSocketType(refused, as == Adopted::listening
                                             ? "the adopted socket does not listen"
                                             : "the adopted socket listens");
  }
}

OwnedSocket open_bound(Reactor& reactor, SocketType type, const Address& local,
                       const std::vector<OptionValue>& options) {
  SocketCalls& sockets = reactor.sockets();
  const Result<NativeHandle> opened = sockets.open(local.family(), type);
  if (!opened) check_listening(opened.error(), local);
  const HandleKind kind = type == SocketType::stream ? HandleKind::listener : HandleKind::datagram;
  OwnedSocket socket(reactor, *opened, kind);
  for (const OptionValue& option : options) {
    check_listening(sockets.set_option(*opened, option.option, option.value), local);
  }
  check_listening(sockets.bind(*opened, to_native(local)), local);
  return socket;
}

}  // namespace coil::detail
