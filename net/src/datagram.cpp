// UDP sockets.
#include <coil/net/datagram.h>

#include "address_native.h"
#include "socket.h"

#include <cerrno>

namespace coil {

namespace detail {

Datagram ToDatagram::operator()(ReceiveFromOperation& op, std::int64_t outcome) const {
  return Datagram(static_cast<std::size_t>(outcome), from_native(op.sender), op.truncated);
}

}  // namespace detail

DatagramSocket DatagramSocket::bind(Reactor& reactor, const Address& local,
                                    DatagramOptions options) {
  std::vector<detail::OptionValue> set;
  if (options.broadcast) set.emplace_back(SocketOption::broadcast, 1);
  if (options.reuse_port) {
    set.emplace_back(SocketOption::reuse_address, 1);
    set.emplace_back(SocketOption::reuse_port, 1);
  }
  if (local.ip().is_v6()) set.emplace_back(SocketOption::ipv6_only, 1);
  DatagramSocket socket;
  socket.socket_ = detail::open_bound(reactor, SocketType::datagram, local, set);
  socket.family_ = local.family();
  return socket;
}

// What is wrong in itself is refused here and alike everywhere: systems answer with different
// numbers. The refusal comes with the await, so that as_result can give it as a value.
Await<SendToOperation, void, detail::ToNothing> DatagramSocket::send_native(ConstBytes payload,
                                                                            const Address* to) {
  std::int64_t refused = 0;
  if (payload.size() > size_max) {
    refused = outcome::from_system_error(EMSGSIZE);
  } else if (to != nullptr && to->family() != family_) {
    refused = outcome::from_errc(Errc::address_invalid);
  }
  using Send = Await<SendToOperation, void, detail::ToNothing>;
  return Send(detail::ToNothing(), socket_.reactor(), socket_.id(), payload,
              to == nullptr ? NativeAddress() : detail::to_native(*to), refused);
}

void DatagramSocket::connect(const Address& peer) {
  if (peer.family() != family_) {
    throw InvalidAddressError(make_error_code(Errc::address_invalid),
                              "connect to " + peer.to_string());
  }
  reactor().sockets().connect_datagram(socket_.native(), detail::to_native(peer)).value();
}

void DatagramSocket::change_membership(const IpAddress& group, bool join) {
  if (!group.is_multicast() || group.is_v6() != (family_ == SocketFamily::ipv6)) {
    throw InvalidAddressError(make_error_code(Errc::address_invalid),
                              group.to_string() + " is no multicast group for this socket");
  }
  reactor()
      .sockets()
      .membership(socket_.native(), detail::to_native(Address(group, 0)), join)
      .value();
}

void DatagramSocket::join_group(const IpAddress& group) { change_membership(group, true); }
void DatagramSocket::leave_group(const IpAddress& group) { change_membership(group, false); }

}  // namespace coil
