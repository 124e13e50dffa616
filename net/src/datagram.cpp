// UDP sockets.
#include <coil/net/datagram.h>

#include "address_native.h"
#include "socket.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>

namespace coil {

namespace {

using OutgoingInterface = NumberOption<SocketOption::multicast_interface>;

// An IPv6 address without a scope says nothing about where it is, unless it is the any-address.
bool names_interface(const IpAddress& through, bool v6) noexcept {
  if (through.is_v6() != v6) return false;
  return !v6 || through.scope() != 0 || through == IpAddress::v6({});
}

int number_of(const IpAddress& through) noexcept {
  if (through.is_v6()) return static_cast<int>(through.scope());
  std::uint32_t number = 0;
  for (std::size_t at = 0; at < 4; ++at) number = number << 8 | through.bytes()[at];
  return static_cast<int>(number);
}

IpAddress interface_of(int number, bool v6) noexcept {
  const auto bits = static_cast<std::uint32_t>(number);
  if (v6) return IpAddress::v6({}, bits);
  std::array<std::uint8_t, 4> bytes = {};
  for (std::size_t at = 0; at < 4; ++at) {
    bytes[at] = static_cast<std::uint8_t>(bits >> (24 - 8 * at));
  }
  return IpAddress::v4(bytes);
}

}  // namespace

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

DatagramSocket DatagramSocket::adopt(Reactor& reactor, NativeHandle native) {
  SocketCalls& sockets = reactor.sockets();
  const SocketFacts facts = sockets.facts(native).value();
  const std::error_code refused = make_error_code(Errc::not_supported);
  if (facts.family != SocketFamily::ipv4 && facts.family != SocketFamily::ipv6) {
    throw UnsupportedAddressFamily(refused, "only IPv4 and IPv6 sockets can be adopted");
  }
  if (facts.type != SocketType::datagram) {
    throw UnsupportedSocketType(refused, "the adopted socket is not for datagrams");
  }
  const NativeHandle own = sockets.duplicate(native).value();
  DatagramSocket socket;
  socket.socket_ = detail::OwnedSocket(reactor, own, HandleKind::datagram);
  socket.family_ = *facts.family;
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

Address DatagramSocket::peer_address() const {
  return detail::from_native(reactor().sockets().peer_address(socket_.native()).value());
}

void DatagramSocket::change_membership(const IpAddress& group, const IpAddress& through,
                                       bool join) {
  const std::string what = (join ? "join " : "leave ") + group.to_string();
  auto refuse = [&](std::error_code code) { throw MulticastJoinError(code, what); };
  const bool unnamed = through == IpAddress();
  if (!group.is_multicast() || group.is_v6() != is_v6()) {
    refuse(make_error_code(Errc::address_invalid));
  }
  if (!unnamed && !names_interface(through, is_v6())) {
    refuse(make_error_code(Errc::address_invalid));
  }
  const IpAddress& on = unnamed && is_v6() ? group : through;
  if (!is_open()) refuse(make_error_code(Errc::handle_closed));
  const Result<> changed =
      reactor().sockets().membership(socket_.native(), detail::to_native(Address(group, 0)),
                                     detail::to_native(Address(on, 0)), join);
  if (!changed) refuse(changed.error().code());
}

void DatagramSocket::join_group(const IpAddress& group, const IpAddress& through) {
  change_membership(group, through, true);
}

void DatagramSocket::leave_group(const IpAddress& group, const IpAddress& through) {
  change_membership(group, through, false);
}

void DatagramSocket::set_outgoing_interface(const IpAddress& through) {
  if (!names_interface(through, is_v6())) {
    throw InvalidAddressError(make_error_code(Errc::address_invalid),
                              through.to_string() + " names no interface");
  }
  socket_.set(OutgoingInterface(number_of(through)));
}

IpAddress DatagramSocket::outgoing_interface() const {
  return interface_of(socket_.get<OutgoingInterface>().value(), is_v6());
}

}  // namespace coil
