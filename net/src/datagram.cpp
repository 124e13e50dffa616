// UDP sockets.
#include <coil/net/datagram.h>

#include "address_native.h"

namespace coil {

namespace detail {

Datagram ToDatagram::operator()(ReceiveFromOperation& op, std::int64_t outcome) const {
  return Datagram(static_cast<std::size_t>(outcome), from_native(op.sender), op.truncated);
}

}  // namespace detail

DatagramSocket DatagramSocket::bind(Reactor& reactor, const Address& local,
                                    DatagramOptions options) {
  SocketCalls& sockets = reactor.sockets();
  auto check = [&](const Result<>& result) {
    if (!result) {
      throw CannotListenError(result.error().code(), "cannot listen on " + local.to_string());
    }
  };
  const Result<NativeHandle> opened = sockets.open(local.family(), SocketType::datagram);
  if (!opened) {
    throw CannotListenError(opened.error().code(), "cannot listen on " + local.to_string());
  }
  DatagramSocket socket;
  socket.socket_ =
      detail::OwnedSocket(reactor, reactor.handles().open(*opened, HandleKind::datagram));
  socket.family_ = local.family();
  if (options.broadcast) check(sockets.set_option(*opened, SocketOption::broadcast, 1));
  if (options.reuse_port) {
    check(sockets.set_option(*opened, SocketOption::reuse_address, 1));
    check(sockets.set_option(*opened, SocketOption::reuse_port, 1));
  }
  if (local.ip().is_v6()) check(sockets.set_option(*opened, SocketOption::ipv6_only, 1));
  check(sockets.bind(*opened, detail::to_native(local)));
  return socket;
}

NativeAddress DatagramSocket::native_peer(ConstBytes payload, const Address* to) const {
  if (payload.size() > size_max) {
    throw MessageLengthError(std::make_error_code(std::errc::message_size), "send");
  }
  if (to == nullptr) return NativeAddress();
  if (to->family() != family_) {
    throw InvalidAddressError(make_error_code(Errc::address_invalid),
                              "send to " + to->to_string() + ": another family than the socket's");
  }
  return detail::to_native(*to);
}

void DatagramSocket::connect(const Address& peer) {
  if (peer.family() != family_) {
    throw InvalidAddressError(make_error_code(Errc::address_invalid),
                              "connect to " + peer.to_string());
  }
  reactor().sockets().connect_datagram(socket_.native(), detail::to_native(peer)).value();
}

void DatagramSocket::change_membership(const IpAddress& group, bool join) {
  if (!group.is_multicast()) {
    throw InvalidAddressError(make_error_code(Errc::address_invalid),
                              group.to_string() + " is no multicast group");
  }
  reactor()
      .sockets()
      .membership(socket_.native(), detail::to_native(Address(group, 0)), join)
      .value();
}

void DatagramSocket::join_group(const IpAddress& group) { change_membership(group, true); }
void DatagramSocket::leave_group(const IpAddress& group) { change_membership(group, false); }

}  // namespace coil
