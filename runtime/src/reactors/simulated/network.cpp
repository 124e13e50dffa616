// The simulated network's synchronous calls: sockets, names and options.
#include "network.h"

#include <algorithm>
#include <cerrno>

namespace coil::detail {

namespace {

constexpr std::uint32_t first_port = 49152;
constexpr std::uint32_t port_total = 65536 - first_port;

Error failure(int number, const char* what) noexcept {
  return Error(system_error_code(number), what);
}

Result<> check(int number, const char* what) noexcept {
  if (number != 0) return failure(number, what);
  return {};
}

std::uint32_t port_key(const SocketAddress& address, SocketType type) noexcept {
  return (type == SocketType::stream ? 1U << 17 : 0U) |
         (address.family == SocketFamily::ipv6 ? 1U << 16 : 0U) | address.port;
}

}  // namespace

VirtualSocket* VirtualNetwork::find(NativeHandle handle) noexcept {
  const std::intptr_t index = handle.value() - first_handle;
  if (index < 0 || static_cast<std::size_t>(index) >= sockets_.size()) return nullptr;
  return sockets_[static_cast<std::size_t>(index)].get();
}

VirtualSocket& VirtualNetwork::create(SocketFamily family, SocketType type) {
  const NativeHandle handle(first_handle + static_cast<std::intptr_t>(sockets_.size()));
  sockets_.push_back(std::make_unique<VirtualSocket>(handle, family, type));
  return *sockets_.back();
}

void VirtualNetwork::destroy(VirtualSocket& socket) noexcept {
  if (socket.named) std::erase(bound_to(*socket.local, socket.type), &socket);
  if (socket.counted) --counted_;
  sockets_[static_cast<std::size_t>(socket.native.value() - first_handle)].reset();
}

// Reports a change from an event. The socket may be gone afterwards.
void VirtualNetwork::changed(NativeHandle handle) {
  const VirtualSocket* socket = find(handle);
  if (socket != nullptr && socket->slot.valid()) on_change_(socket->slot);
}

// Has a change reported that a call made.
void VirtualNetwork::touch(NativeHandle handle) {
  timeline_.add(timeline_.now(), [this, handle] { changed(handle); });
}

Result<NativeHandle> VirtualNetwork::open(SocketFamily family, SocketType type) {
  if (const int number = settings_.take_fault(testing::SocketCall::open)) {
    return failure(number, "socket");
  }
  if (family == SocketFamily::local) return failure(EAFNOSUPPORT, "socket");
  if (counted_ >= settings_.sockets_max()) return failure(EMFILE, "socket");
  VirtualSocket& socket = create(family, type);
  socket.counted = true;
  ++counted_;
  return socket.native;
}

std::vector<VirtualSocket*>& VirtualNetwork::bound_to(const SocketAddress& address,
                                                      SocketType type) {
  return ports_[port_key(address, type)];
}

std::uint16_t VirtualNetwork::free_port(const VirtualSocket& socket) {
  SocketAddress four = SocketAddress::any(SocketFamily::ipv4);
  SocketAddress six = SocketAddress::any(SocketFamily::ipv6);
  for (std::uint32_t tries = 0; tries < port_total; ++tries) {
    four.port = six.port = static_cast<std::uint16_t>(first_port + next_port_++ % port_total);
    if (bound_to(four, socket.type).empty() && bound_to(six, socket.type).empty()) return four.port;
  }
  return 0;
}

// An IPv6 socket that takes IPv4 in stands in the way of IPv4 sockets, and they in its.
bool VirtualNetwork::conflicts(VirtualSocket& socket, const SocketAddress& local, bool listening) {
  auto overlap = [&](VirtualSocket& other) {
    if (other.local->is_any() || local.is_any()) {
      VirtualSocket& six = other.family == SocketFamily::ipv6 ? other : socket;
      return other.family == socket.family || six.option(SocketOption::ipv6_only) == 0;
    }
    return other.local->wire().ip == local.wire().ip;
  };
  auto in_the_way = [&](VirtualSocket* other) {
    if (other == &socket || !overlap(*other)) return false;
    auto both = [&](SocketOption name) {
      return other->option(name) != 0 && socket.option(name) != 0;
    };
    if (both(SocketOption::reuse_port)) return false;
    const bool listens = other->stage == VirtualSocket::Stage::listening;
    return listens || (!listening && !both(SocketOption::reuse_address));
  };
  SocketAddress place = local;
  for (const SocketFamily family : {SocketFamily::ipv4, SocketFamily::ipv6}) {
    place.family = family;
    const auto& bound = bound_to(place, socket.type);
    if (std::any_of(bound.begin(), bound.end(), in_the_way)) return true;
  }
  return false;
}

int VirtualNetwork::bind_to(VirtualSocket& socket, SocketAddress local) {
  if (local.family != socket.family) return EAFNOSUPPORT;
  if (socket.local) return EINVAL;
  if (local.port == 0) {
    local.port = free_port(socket);
    if (local.port == 0) return EADDRINUSE;
  } else if (conflicts(socket, local, false)) {
    return EADDRINUSE;
  }
  socket.local = local;
  socket.named = true;
  bound_to(local, socket.type).push_back(&socket);
  return 0;
}

// Gives a socket that was never bound a port of its own.
int VirtualNetwork::bind_somewhere(VirtualSocket& socket, SocketAddress local) {
  if (socket.local) return 0;
  local.port = 0;
  return bind_to(socket, local);
}

Result<> VirtualNetwork::bind(NativeHandle handle, const NativeAddress& local) {
  if (const int number = settings_.take_fault(testing::SocketCall::bind)) {
    return failure(number, "bind");
  }
  VirtualSocket* socket = find(handle);
  if (socket == nullptr) return failure(EBADF, "bind");
  const std::optional<SocketAddress> address = SocketAddress::from_native(local);
  return check(address ? bind_to(*socket, *address) : EAFNOSUPPORT, "bind");
}

Result<> VirtualNetwork::listen(NativeHandle handle, int backlog_max) {
  if (const int number = settings_.take_fault(testing::SocketCall::listen)) {
    return failure(number, "listen");
  }
  VirtualSocket* socket = find(handle);
  if (socket == nullptr) return failure(EBADF, "listen");
  if (!socket->is_stream()) return failure(EOPNOTSUPP, "listen");
  const bool again = socket->stage == VirtualSocket::Stage::listening;
  if (!again && socket->stage != VirtualSocket::Stage::unconnected) {
    return failure(EINVAL, "listen");
  }
  if (const int number = bind_somewhere(*socket, SocketAddress::any(socket->family))) {
    return failure(number, "listen");
  }
  if (conflicts(*socket, *socket->local, true)) return failure(EADDRINUSE, "listen");
  socket->stage = VirtualSocket::Stage::listening;
  socket->backlog_max = static_cast<std::size_t>(std::max(backlog_max, 1));
  return {};
}

Result<NativeAddress> VirtualNetwork::local_address(NativeHandle handle) {
  if (const int number = settings_.take_fault(testing::SocketCall::local_address)) {
    return failure(number, "getsockname");
  }
  const VirtualSocket* socket = find(handle);
  if (socket == nullptr) return failure(EBADF, "getsockname");
  return socket->local.value_or(SocketAddress::any(socket->family)).to_native();
}

Result<NativeAddress> VirtualNetwork::peer_address(NativeHandle handle) {
  if (const int number = settings_.take_fault(testing::SocketCall::peer_address)) {
    return failure(number, "getpeername");
  }
  const VirtualSocket* socket = find(handle);
  if (socket == nullptr) return failure(EBADF, "getpeername");
  const bool connected = !socket->is_stream() || socket->stage == VirtualSocket::Stage::connected;
  if (!connected || !socket->peer) return failure(ENOTCONN, "getpeername");
  return socket->peer->to_native();
}

Result<> VirtualNetwork::set_option(NativeHandle handle, SocketOption option, int value) {
  if (const int number = settings_.take_fault(testing::SocketCall::set_option)) {
    return failure(number, "setsockopt");
  }
  VirtualSocket* socket = find(handle);
  if (socket == nullptr) return failure(EBADF, "setsockopt");
  if (option == SocketOption::no_delay && !socket->is_stream()) {
    return failure(ENOPROTOOPT, "setsockopt");
  }
  const bool is_hops = option == SocketOption::multicast_ttl;
  const bool is_address = option == SocketOption::multicast_interface;
  if ((value < 0 && !is_address) || (value > 255 && is_hops)) {
    return failure(EINVAL, "setsockopt");
  }
  socket->option(option) = value;
  return {};
}

Result<int> VirtualNetwork::get_option(NativeHandle handle, SocketOption option) {
  if (const int number = settings_.take_fault(testing::SocketCall::get_option)) {
    return failure(number, "getsockopt");
  }
  VirtualSocket* socket = find(handle);
  if (socket == nullptr) return failure(EBADF, "getsockopt");
  return socket->option(option);
}

Result<> VirtualNetwork::shutdown(NativeHandle handle, ShutdownSide side) {
  if (const int number = settings_.take_fault(testing::SocketCall::shutdown)) {
    return failure(number, "shutdown");
  }
  VirtualSocket* socket = find(handle);
  return check(socket == nullptr ? EBADF : end_stream(*socket, side), "shutdown");
}

void VirtualNetwork::close(NativeHandle handle) noexcept {
  VirtualSocket* socket = find(handle);
  if (socket == nullptr) return;
  if (socket->is_stream()) close_stream(*socket);
  destroy(*socket);
}

}  // namespace coil::detail
