// The simulated network's streams: connections, what they carry, and how they end.
#include "network.h"

#include <algorithm>
#include <cerrno>

namespace coil::detail {

namespace {

using Stage = VirtualSocket::Stage;

constexpr int request_tries = 6;
constexpr Duration first_retry = std::chrono::seconds(1);

}  // namespace

// Before a connection's first byte the client asks once; a full backlog does not answer, and the
// client asks again after a growing while, as TCP does.
Attempt VirtualNetwork::connect(ConnectOperation& op, VirtualSocket& socket) {
  if (op.started) {
    if (socket.stage == Stage::connecting) return std::nullopt;
    if (socket.stage == Stage::connected) return 0;
    const int number = socket.take_error();
    return outcome::from_system_error(number != 0 ? number : ECONNABORTED);
  }
  op.started = true;
  if (!socket.is_stream()) return outcome::from_system_error(set_peer(socket, op.peer));
  if (socket.stage == Stage::connecting) return outcome::from_system_error(EALREADY);
  if (socket.stage != Stage::unconnected) return outcome::from_system_error(EISCONN);
  const std::optional<SocketAddress> peer = SocketAddress::from_native(op.peer);
  if (!peer || peer->family != socket.family) return outcome::from_system_error(EAFNOSUPPORT);
  const SocketAddress target = peer->destination();
  if (const int number = bind_somewhere(socket, target.source())) {
    return outcome::from_system_error(number == EADDRINUSE ? EADDRNOTAVAIL : number);
  }
  if (socket.local->is_any()) socket.local->ip = target.source().ip;
  socket.peer = target;
  socket.stage = Stage::connecting;
  send_request(socket.native, 0);
  return std::nullopt;
}

void VirtualNetwork::send_request(NativeHandle client, int tries) {
  timeline_.add(timeline_.now() + link_.latency(),
                [this, client, tries] { receive_request(client, tries); });
}

void VirtualNetwork::receive_request(NativeHandle client, int tries) {
  VirtualSocket* socket = find(client);
  if (socket == nullptr || socket->stage != Stage::connecting) return;
  VirtualSocket* listener = find_listener(*socket->peer);
  if (listener == nullptr) {
    if (!link_.refuses()) return;
    timeline_.add(timeline_.now() + link_.latency(),
                  [this, client] { fail_connect(client, ECONNREFUSED); });
    return;
  }
  if (listener->backlog.size() >= listener->backlog_max) {
    timeline_.add(timeline_.now() + first_retry * (1 << tries), [this, client, tries] {
      if (tries + 1 == request_tries) {
        fail_connect(client, ETIMEDOUT);
      } else {
        send_request(client, tries + 1);
      }
    });
    return;
  }
  VirtualSocket& server = create(listener->family, SocketType::stream);
  server.options = listener->options;
  server.local = socket->peer->wire().seen_by(server.family);
  server.peer = socket->local->wire().seen_by(server.family);
  server.stage = Stage::connected;
  server.other = client;
  socket->other = server.native;
  listener->backlog.push_back(server.native);
  // Whatever the server sends comes behind the answer that makes the client's end.
  timeline_.add(next_arrival(*socket), [this, client] {
    VirtualSocket* waiting = find(client);
    if (waiting == nullptr || waiting->stage != Stage::connecting) return;
    waiting->stage = Stage::connected;
    changed(client);
  });
  changed(listener->native);
}

void VirtualNetwork::fail_connect(NativeHandle client, int number) {
  VirtualSocket* socket = find(client);
  if (socket == nullptr || socket->stage != Stage::connecting) return;
  socket->stage = Stage::unconnected;
  socket->peer.reset();
  socket->error = number;
  changed(client);
}

// The one bound to the very address comes before one bound to any, and that before an IPv6 one that
// takes IPv4 in; of several that share a port the seed chooses.
VirtualSocket* VirtualNetwork::find_listener(const SocketAddress& to) {
  const SocketAddress target = to.wire();
  std::vector<VirtualSocket*> best;
  int best_rank = 0;
  auto consider = [&](VirtualSocket* socket, int rank) {
    if (socket->stage != Stage::listening || rank < best_rank) return;
    if (rank > best_rank) best.clear();
    best_rank = rank;
    best.push_back(socket);
  };
  for (VirtualSocket* socket : bound_to(target, SocketType::stream)) {
    if (socket->local->covers(target)) consider(socket, socket->local->is_any() ? 2 : 3);
  }
  if (target.family == SocketFamily::ipv4) {
    const SocketAddress carried = target.seen_by(SocketFamily::ipv6);
    for (VirtualSocket* socket : bound_to(carried, SocketType::stream)) {
      const bool open = socket->option(SocketOption::ipv6_only) == 0;
      if (open && socket->local->covers(carried)) consider(socket, 1);
    }
  }
  return best.empty() ? nullptr : best[link_.choose(best.size())];
}

Attempt VirtualNetwork::accept(VirtualSocket& listener) {
  if (listener.stage != Stage::listening) return outcome::from_system_error(EINVAL);
  if (listener.backlog.empty()) return std::nullopt;
  if (counted_ >= settings_.sockets_max()) return outcome::from_system_error(EMFILE);
  const NativeHandle accepted = listener.backlog.front();
  listener.backlog.pop_front();
  find(accepted)->counted = true;
  ++counted_;
  return accepted.value();
}

Attempt VirtualNetwork::receive(VirtualSocket& socket, MutableBytes into) {
  if (!socket.is_stream()) return receive_datagram(socket, into);
  if (!socket.arrived.empty()) {
    const std::size_t most = std::min(into.size(), socket.arrived.size());
    const std::size_t size = socket.arrived.pop(into.first(link_.piece(most)));
    const bool held_up =
        !socket.on_the_way.empty() && socket.on_the_way.front().arrival <= timeline_.now();
    if (held_up) {
      timeline_.add(timeline_.now() + link_.latency(),
                    [this, receiver = socket.native] { arrive(receiver); });
    }
    return static_cast<std::int64_t>(size);
  }
  if (socket.end_arrived || socket.reading_ended) return 0;
  if (socket.error != 0) return outcome::from_system_error(socket.take_error());
  if (socket.stage == Stage::broken) return 0;
  if (socket.stage == Stage::connected) return std::nullopt;
  return outcome::from_system_error(ENOTCONN);
}

Attempt VirtualNetwork::receive_lease(ReceiveLeaseOperation& op, VirtualSocket& socket,
                                      BufferPool& pool) {
  const MutableBytes buffer = pool.borrow();
  const Attempt result = receive(socket, buffer);
  if (result && *result >= 0) {
    op.lease = pool.lease(buffer, static_cast<std::size_t>(*result));
  } else {
    pool.give_back(buffer);
  }
  return result;
}

Attempt VirtualNetwork::send(VirtualSocket& socket, std::span<const ConstBytes> pieces) {
  if (!socket.is_stream()) return send_to(socket, pieces.front(), NativeAddress());
  if (socket.error != 0) return outcome::from_system_error(socket.take_error());
  if (socket.writing_ended || socket.stage == Stage::broken) {
    return outcome::from_system_error(EPIPE);
  }
  if (socket.stage != Stage::connected) return outcome::from_system_error(ENOTCONN);
  std::size_t total = 0;
  for (const ConstBytes& piece : pieces) total += piece.size();
  VirtualSocket* other = find(socket.other);
  if (other == nullptr || other->stage == Stage::broken) {  // The answer will be a reset.
    if (!std::exchange(socket.doomed, true)) send_reset(socket.native);
    return static_cast<std::int64_t>(total);
  }
  const std::size_t space = socket.capacity(SocketOption::send_buffer) - other->on_the_way_bytes;
  const std::size_t size = link_.piece(std::min(total, space));
  std::vector<std::byte> bytes;
  bytes.reserve(size);
  for (const ConstBytes& piece : pieces) {
    const ConstBytes part = piece.first(size - bytes.size());
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  if (size == 0) return 0;
  const TimePoint arrival = next_arrival(*other);
  other->on_the_way_bytes += size;
  other->on_the_way.push_back(Segment(arrival, std::move(bytes), false));
  timeline_.add(arrival, [this, receiver = other->native] { arrive(receiver); });
  return static_cast<std::int64_t>(size);
}

// Moves what has arrived into the receive buffer as far as that has room; the rest stays on the way
// and holds up the sender.
void VirtualNetwork::arrive(NativeHandle receiver) {
  VirtualSocket* socket = find(receiver);
  if (socket == nullptr) return;
  bool moved = false;
  while (!socket->on_the_way.empty() && socket->on_the_way.front().arrival <= timeline_.now()) {
    Segment& segment = socket->on_the_way.front();
    const std::size_t room_max = socket->capacity(SocketOption::receive_buffer);
    const std::size_t held = socket->arrived.size();
    const ConstBytes part = segment.left().first(held < room_max ? room_max - held : 0);
    if (part.empty() && !segment.end) break;
    socket->arrived.push(part);
    socket->on_the_way_bytes -= part.size();
    segment.taken += part.size();
    socket->end_arrived = socket->end_arrived || segment.end;
    if (segment.left().empty()) socket->on_the_way.pop_front();
    moved = true;
  }
  if (!moved) return;
  const NativeHandle sender = socket->other;
  changed(receiver);
  changed(sender);
}

TimePoint VirtualNetwork::next_arrival(VirtualSocket& receiver) noexcept {
  receiver.last_arrival =
      std::max(receiver.last_arrival + Duration(1), timeline_.now() + link_.latency());
  return receiver.last_arrival;
}

void VirtualNetwork::send_end(VirtualSocket& socket) {
  if (std::exchange(socket.writing_ended, true)) return;
  VirtualSocket* other = find(socket.other);
  if (other == nullptr) return;
  const TimePoint arrival = next_arrival(*other);
  other->on_the_way.push_back(Segment(arrival, {}, true));
  timeline_.add(arrival, [this, receiver = other->native] { arrive(receiver); });
}

void VirtualNetwork::send_reset(NativeHandle to) {
  VirtualSocket* receiver = find(to);
  if (receiver == nullptr) return;
  timeline_.add(next_arrival(*receiver), [this, to] { reset(to); });
}

// What had arrived can still be read; what was held up on the way is lost.
void VirtualNetwork::reset(NativeHandle handle) {
  VirtualSocket* socket = find(handle);
  if (socket == nullptr || socket->stage == Stage::broken) return;
  socket->error = socket->end_arrived ? EPIPE : ECONNRESET;
  if (socket->stage == Stage::connecting) socket->error = ECONNREFUSED;
  socket->stage = Stage::broken;
  socket->other = NativeHandle();
  socket->on_the_way.clear();
  socket->on_the_way_bytes = 0;
  changed(handle);
}

// Ends a connection for both: at once here, after the usual while at the other end.
void VirtualNetwork::break_connection(VirtualSocket& socket) {
  if (socket.stage != Stage::connected) return;
  send_reset(socket.other);
  socket.stage = Stage::broken;
  socket.other = NativeHandle();
  socket.arrived.clear();
  socket.on_the_way.clear();
  socket.on_the_way_bytes = 0;
}

int VirtualNetwork::end_stream(VirtualSocket& socket, ShutdownSide side) {
  const bool connected =
      socket.is_stream() ? socket.stage == Stage::connected : socket.peer.has_value();
  if (!connected) return ENOTCONN;
  if (side != ShutdownSide::read) send_end(socket);
  if (side != ShutdownSide::write) socket.reading_ended = true;
  touch(socket.native);
  return 0;
}

// A close that leaves bytes unread is a reset, because the peer must learn that they are lost.
void VirtualNetwork::close_stream(VirtualSocket& socket) {
  for (const NativeHandle pending : std::exchange(socket.backlog, {})) {
    send_reset(find(pending)->other);
    destroy(*find(pending));
  }
  if (socket.stage != Stage::connected && socket.stage != Stage::connecting) return;
  const bool abort = socket.option(SocketOption::linger_zero) != 0 ||
                     socket.stage == Stage::connecting || !socket.arrived.empty();
  if (abort) {
    send_reset(socket.other);
    return;
  }
  send_end(socket);
  if (socket.on_the_way_bytes != 0) send_reset(socket.other);
}

}  // namespace coil::detail
