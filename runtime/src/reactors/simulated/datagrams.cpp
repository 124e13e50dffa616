// The simulated network's datagrams.
#include "network.h"

#include <algorithm>
#include <cerrno>

namespace coil::detail {

namespace {

constexpr std::size_t payload_max = 65507;

// What a datagram takes of a receive buffer: the empty ones take something too.
std::size_t cost_of(const Message& message) noexcept { return message.bytes.size() + 128; }

}  // namespace

int VirtualNetwork::set_peer(VirtualSocket& socket, const NativeAddress& native) {
  if (socket.is_stream()) return EOPNOTSUPP;
  const std::optional<SocketAddress> peer = SocketAddress::from_native(native);
  if (!peer || peer->family != socket.family) return EAFNOSUPPORT;
  const SocketAddress target = peer->destination();
  if (const int number = bind_somewhere(socket, target.source())) return number;
  if (socket.local->is_any()) socket.local->ip = target.source().ip;
  socket.peer = target;
  return 0;
}

Result<> VirtualNetwork::connect_datagram(NativeHandle handle, const NativeAddress& peer) {
  int number = settings_.take_fault(testing::SocketCall::connect_datagram);
  if (number == 0) {
    VirtualSocket* socket = find(handle);
    number = socket == nullptr ? EBADF : set_peer(*socket, peer);
  }
  if (number != 0) return Error(system_error_code(number), "connect");
  return {};
}

// The one machine has one interface, whatever name it is given.
Result<> VirtualNetwork::membership(NativeHandle handle, const NativeAddress& group,
                                    const NativeAddress&, bool join) {
  auto failed = [](int number) { return Error(system_error_code(number), "multicast membership"); };
  if (const int number = settings_.take_fault(testing::SocketCall::membership)) {
    return failed(number);
  }
  VirtualSocket* socket = find(handle);
  if (socket == nullptr) return failed(EBADF);
  std::optional<SocketAddress> address = SocketAddress::from_native(group);
  if (!address || address->family != socket->family || !address->is_multicast()) {
    return failed(EINVAL);
  }
  address->port = 0;
  address->scope = 0;
  const auto known = std::find(socket->groups.begin(), socket->groups.end(), *address);
  if (join == (known != socket->groups.end())) return failed(join ? EADDRINUSE : EADDRNOTAVAIL);
  if (join) {
    socket->groups.push_back(*address);
  } else {
    socket->groups.erase(known);
  }
  return {};
}

Attempt VirtualNetwork::send_to(VirtualSocket& socket, ConstBytes bytes, const NativeAddress& to) {
  if (socket.is_stream()) return outcome::from_system_error(EOPNOTSUPP);
  if (socket.error != 0) return outcome::from_system_error(socket.take_error());
  if (socket.writing_ended) return outcome::from_system_error(EPIPE);
  std::optional<SocketAddress> target = socket.peer;
  if (to.size() != 0) {
    target = SocketAddress::from_native(to);
    if (!target || target->family != socket.family) return outcome::from_system_error(EAFNOSUPPORT);
    target = target->destination();
  }
  if (!target) return outcome::from_system_error(EDESTADDRREQ);
  if (target->port == 0) return outcome::from_system_error(EINVAL);
  if (bytes.size() > payload_max) return outcome::from_system_error(EMSGSIZE);
  if (target->is_broadcast() && socket.option(SocketOption::broadcast) == 0) {
    return outcome::from_system_error(EACCES);
  }
  if (const int number = bind_somewhere(socket, SocketAddress::any(socket.family))) {
    return outcome::from_system_error(number);
  }
  SocketAddress source = *socket.local;
  if (source.is_any() || source.is_multicast()) source.ip = target->source().ip;
  const auto size = static_cast<std::int64_t>(bytes.size());
  if (link_.loses_datagram()) return size;
  // There is nobody but the members on this machine.
  if (target->is_multicast() && socket.option(SocketOption::multicast_loop) == 0) return size;
  Message message(source, std::vector<std::byte>(bytes.begin(), bytes.end()));
  socket.last_departure =
      std::max(socket.last_departure + Duration(1), timeline_.now() + link_.latency());
  timeline_.add(socket.last_departure, [this, target = *target, message = std::move(message),
                                        sender = socket.native]() mutable {
    deliver(target, std::move(message), sender);
  });
  return size;
}

void VirtualNetwork::deliver(const SocketAddress& to, Message message, NativeHandle sender) {
  if (to.is_multicast() || to.is_broadcast()) {
    deliver_to_many(to, message);
    return;
  }
  if (VirtualSocket* receiver = find_receiver(to, message.sender)) {
    put(*receiver, std::move(message));
    return;
  }
  // Nobody is there. Only a sender that has one peer, or asked for it, is told.
  VirtualSocket* from = find(sender);
  if (from == nullptr) return;
  if (from->peer != to && from->option(SocketOption::receive_errors) == 0) return;
  timeline_.add(timeline_.now() + link_.latency(), [this, sender] {
    if (VirtualSocket* told = find(sender)) {
      told->error = ECONNREFUSED;
      changed(sender);
    }
  });
}

void VirtualNetwork::deliver_to_many(const SocketAddress& to, const Message& message) {
  SocketAddress group = to;
  group.port = 0;
  group.scope = 0;
  std::vector<NativeHandle> receivers;
  for (VirtualSocket* socket : bound_to(to, SocketType::datagram)) {
    const auto& groups = socket->groups;
    const bool member = std::find(groups.begin(), groups.end(), group) != groups.end();
    if (socket->local->covers(to) && (member || to.is_broadcast())) {
      receivers.push_back(socket->native);
    }
  }
  for (const NativeHandle receiver : receivers) {
    if (VirtualSocket* socket = find(receiver)) put(*socket, message);
  }
}

// A full buffer drops what comes, without a word.
void VirtualNetwork::put(VirtualSocket& socket, Message message) {
  const std::size_t cost = cost_of(message);
  if (!socket.inbox.empty() &&
      socket.inbox_bytes + cost > socket.capacity(SocketOption::receive_buffer)) {
    return;
  }
  socket.inbox_bytes += cost;
  socket.inbox.push_back(std::move(message));
  changed(socket.native);
}

// A socket with a peer hears only that peer, and comes first for it; then the one bound to the very
// address; of several that share a port the seed chooses.
VirtualSocket* VirtualNetwork::find_receiver(const SocketAddress& to, const SocketAddress& from) {
  std::vector<VirtualSocket*> best;
  int best_rank = -1;
  for (VirtualSocket* socket : bound_to(to, SocketType::datagram)) {
    if (!socket->local->covers(to)) continue;
    if (socket->peer && *socket->peer != from) continue;
    const int rank = (socket->peer ? 2 : 0) + (socket->local->is_any() ? 0 : 1);
    if (rank < best_rank) continue;
    if (rank > best_rank) best.clear();
    best_rank = rank;
    best.push_back(socket);
  }
  return best.empty() ? nullptr : best[link_.choose(best.size())];
}

Attempt VirtualNetwork::receive_from(ReceiveFromOperation& op, VirtualSocket& socket) {
  if (socket.is_stream()) {
    op.sender = NativeAddress();
    return receive(socket, op.into);
  }
  if (socket.error == 0 && !socket.inbox.empty()) {
    op.sender = socket.inbox.front().sender.to_native();
    op.truncated = socket.inbox.front().bytes.size() > op.into.size();
  }
  return receive_datagram(socket, op.into);
}

Attempt VirtualNetwork::receive_datagram(VirtualSocket& socket, MutableBytes into) {
  if (socket.error != 0) return outcome::from_system_error(socket.take_error());
  if (socket.inbox.empty()) {
    if (socket.reading_ended) return 0;
    return std::nullopt;
  }
  const Message message = std::move(socket.inbox.front());
  socket.inbox.pop_front();
  socket.inbox_bytes -= cost_of(message);
  const std::size_t size = std::min(into.size(), message.bytes.size());
  if (size != 0) std::memcpy(into.data(), message.bytes.data(), size);
  return static_cast<std::int64_t>(size);
}

}  // namespace coil::detail
