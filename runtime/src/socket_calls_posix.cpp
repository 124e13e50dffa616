// Socket calls on POSIX systems.
#include "socket_calls_posix.h"

#include "native_calls.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace coil::detail {

namespace {

constexpr std::size_t gather_max = 64;
constexpr int send_flags = MSG_DONTWAIT | send_without_signal;

Error last_error(const char* what) noexcept { return Error(system_error_code(errno), what); }

Result<> check(int status, const char* what) noexcept {
  if (status != 0) return last_error(what);
  return {};
}

const sockaddr* native(const NativeAddress& address) noexcept {
  return reinterpret_cast<const sockaddr*>(address.data());
}

// How an option is called here; level 0 with name 0 for none.
struct OptionName {
  int level;
  int name;
};

// A system call of its own, so only for the options that need it.
bool is_v6(NativeHandle socket) noexcept {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  ::getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), &size);
  return address.ss_family == AF_INET6;
}

OptionName option_name(SocketOption option, NativeHandle socket) noexcept {
  switch (option) {
    case SocketOption::reuse_address:
      return {SOL_SOCKET, SO_REUSEADDR};
    case SocketOption::reuse_port:
      return {SOL_SOCKET, SO_REUSEPORT};
    case SocketOption::no_delay:
      return {IPPROTO_TCP, TCP_NODELAY};
    case SocketOption::keep_alive:
      return {SOL_SOCKET, SO_KEEPALIVE};
    case SocketOption::broadcast:
      return {SOL_SOCKET, SO_BROADCAST};
    case SocketOption::ipv6_only:
      return {IPPROTO_IPV6, IPV6_V6ONLY};
    case SocketOption::send_buffer:
      return {SOL_SOCKET, SO_SNDBUF};
    case SocketOption::receive_buffer:
      return {SOL_SOCKET, SO_RCVBUF};
    case SocketOption::linger_zero:
      return {SOL_SOCKET, SO_LINGER};
    case SocketOption::multicast_loop:
      return is_v6(socket) ? OptionName{IPPROTO_IPV6, IPV6_MULTICAST_LOOP}
                           : OptionName{IPPROTO_IP, IP_MULTICAST_LOOP};
    case SocketOption::multicast_ttl:
      return is_v6(socket) ? OptionName{IPPROTO_IPV6, IPV6_MULTICAST_HOPS}
                           : OptionName{IPPROTO_IP, IP_MULTICAST_TTL};
    case SocketOption::incoming_processor:
#if defined(SO_INCOMING_CPU)
      return {SOL_SOCKET, SO_INCOMING_CPU};
#else
      return {0, 0};
#endif
    case SocketOption::receive_errors:
#if defined(IP_RECVERR)
      return is_v6(socket) ? OptionName{IPPROTO_IPV6, IPV6_RECVERR}
                           : OptionName{IPPROTO_IP, IP_RECVERR};
#else
      return {0, 0};
#endif
    case SocketOption::multicast_interface:
      return is_v6(socket) ? OptionName{IPPROTO_IPV6, IPV6_MULTICAST_IF}
                           : OptionName{IPPROTO_IP, IP_MULTICAST_IF};
  }
  return {0, 0};
}

// The one option whose number is an address on the wire: turns it either way.
int in_wire_order(int value, OptionName name) noexcept {
  const bool is_address = name.level == IPPROTO_IP && name.name == IP_MULTICAST_IF;
  return is_address ? static_cast<int>(htonl(static_cast<std::uint32_t>(value))) : value;
}

}  // namespace

Result<NativeHandle> PosixSocketCalls::open(SocketFamily family, SocketType type) {
  int domain = AF_UNIX;
  if (family == SocketFamily::ipv4) domain = AF_INET;
  if (family == SocketFamily::ipv6) domain = AF_INET6;
  const int kind = type == SocketType::stream ? SOCK_STREAM : SOCK_DGRAM;
  const int made = open_socket(domain, kind, nonblocking_);
  if (made < 0) return last_error("socket");
  return NativeHandle(made);
}

Result<> PosixSocketCalls::bind(NativeHandle socket, const NativeAddress& local) {
  return check(::bind(socket.descriptor(), native(local), local.size()), "bind");
}

Result<> PosixSocketCalls::listen(NativeHandle socket, int backlog_max) {
  return check(::listen(socket.descriptor(), backlog_max), "listen");
}

Result<> PosixSocketCalls::connect_datagram(NativeHandle socket, const NativeAddress& peer) {
  return check(::connect(socket.descriptor(), native(peer), peer.size()), "connect");
}

Result<NativeAddress> PosixSocketCalls::local_address(NativeHandle socket) {
  NativeAddress address;
  socklen_t size = NativeAddress::capacity;
  if (::getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(address.data()), &size) != 0) {
    return last_error("getsockname");
  }
  address.set_size(size);
  return address;
}

Result<NativeAddress> PosixSocketCalls::peer_address(NativeHandle socket) {
  NativeAddress address;
  socklen_t size = NativeAddress::capacity;
  if (::getpeername(socket.descriptor(), reinterpret_cast<sockaddr*>(address.data()), &size) != 0) {
    return last_error("getpeername");
  }
  address.set_size(size);
  return address;
}

Result<> PosixSocketCalls::set_option(NativeHandle socket, SocketOption option, int value) {
  const OptionName name = option_name(option, socket);
  if (option == SocketOption::linger_zero) {
    const linger setting = {.l_onoff = value, .l_linger = 0};
    return check(::setsockopt(socket.descriptor(), name.level, name.name, &setting, sizeof setting),
                 "setsockopt");
  }
  const int given = in_wire_order(value, name);
  return check(::setsockopt(socket.descriptor(), name.level, name.name, &given, sizeof given),
               "setsockopt");
}

Result<int> PosixSocketCalls::get_option(NativeHandle socket, SocketOption option) {
  const OptionName name = option_name(option, socket);
  linger setting = {};
  int value = 0;
  const bool lingers = option == SocketOption::linger_zero;
  void* into = lingers ? static_cast<void*>(&setting) : static_cast<void*>(&value);
  socklen_t size = lingers ? sizeof setting : sizeof value;
  if (::getsockopt(socket.descriptor(), name.level, name.name, into, &size) != 0) {
    return last_error("getsockopt");
  }
  return lingers ? static_cast<int>(setting.l_onoff != 0 && setting.l_linger == 0)
                 : in_wire_order(value, name);
}

namespace {

// Linux gives a socket what any other of the machine joined, unless it is told not to.
void hear_own_groups_only([[maybe_unused]] int descriptor, [[maybe_unused]] bool v6) noexcept {
  [[maybe_unused]] const int off = 0;
#if defined(IP_MULTICAST_ALL)
  if (!v6) ::setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof off);
#endif
#if defined(IPV6_MULTICAST_ALL)
  if (v6) ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, sizeof off);
#endif
}

}  // namespace

Result<> PosixSocketCalls::membership(NativeHandle socket, const NativeAddress& group,
                                      const NativeAddress& through, bool join) {
  const int descriptor = socket.descriptor();
  const bool v6 = native(group)->sa_family == AF_INET6;
  int status = 0;
  if (v6) {
    ipv6_mreq request = {};
    sockaddr_in6 address;
    std::memcpy(&address, group.data(), sizeof address);
    request.ipv6mr_multiaddr = address.sin6_addr;
    std::memcpy(&address, through.data(), sizeof address);
    request.ipv6mr_interface = address.sin6_scope_id;
    status = ::setsockopt(descriptor, IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP,
                          &request, sizeof request);
  } else {
    ip_mreq request = {};
    sockaddr_in address;
    std::memcpy(&address, group.data(), sizeof address);
    request.imr_multiaddr = address.sin_addr;
    std::memcpy(&address, through.data(), sizeof address);
    request.imr_interface = address.sin_addr;
    status = ::setsockopt(descriptor, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
                          &request, sizeof request);
  }
  if (join && status == 0) hear_own_groups_only(descriptor, v6);
  return check(status, "multicast membership");
}

namespace {

// Repeats an interrupted call; nothing if it would have to wait.
template <class Call>
[[gnu::always_inline]] inline Attempt sent_by(Call call) noexcept {
  for (;;) {
    const ssize_t sent = call();
    if (sent >= 0) return sent;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) return -errno;
  }
}

}  // namespace

Attempt try_send(int descriptor, ConstBytes bytes) noexcept {
  return sent_by([&] { return ::send(descriptor, bytes.data(), bytes.size(), send_flags); });
}

Attempt try_send(int descriptor, std::span<const ConstBytes> pieces) noexcept {
  if (pieces.size() == 1) return try_send(descriptor, pieces.front());
  std::array<iovec, gather_max> gathered;
  msghdr message = {};
  message.msg_iov = gathered.data();
  const std::size_t count = std::min(pieces.size(), gather_max);
  message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(count);
  for (std::size_t index = 0; index < count; ++index) {
    gathered[index].iov_base = const_cast<std::byte*>(pieces[index].data());
    gathered[index].iov_len = pieces[index].size();
  }
  return sent_by([&] { return ::sendmsg(descriptor, &message, send_flags); });
}

Result<> PosixSocketCalls::shutdown(NativeHandle socket, ShutdownSide side) {
  int how = SHUT_RDWR;
  if (side == ShutdownSide::read) how = SHUT_RD;
  if (side == ShutdownSide::write) how = SHUT_WR;
  return check(::shutdown(socket.descriptor(), how), "shutdown");
}

Result<SocketFacts> PosixSocketCalls::facts(NativeHandle socket) {
  SocketFacts facts;
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  if (::getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return last_error("getsockname");
  }
  if (address.ss_family == AF_INET) facts.family = SocketFamily::ipv4;
  if (address.ss_family == AF_INET6) facts.family = SocketFamily::ipv6;
  if (address.ss_family == AF_UNIX) facts.family = SocketFamily::local;
  int type = 0;
  size = sizeof type;
  if (::getsockopt(socket.descriptor(), SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
    return last_error("getsockopt");
  }
  if (type == SOCK_STREAM) facts.type = SocketType::stream;
  if (type == SOCK_DGRAM) facts.type = SocketType::datagram;
  int listening = 0;
  size = sizeof listening;
  if (::getsockopt(socket.descriptor(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0) {
    facts.listening = listening != 0;
  }
  return facts;
}

Result<NativeHandle> PosixSocketCalls::duplicate(NativeHandle socket) {
  const int made = ::fcntl(socket.descriptor(), F_DUPFD_CLOEXEC, 0);
  if (made < 0) return last_error("fcntl");
  const int flags = ::fcntl(made, F_GETFL);
  const int wanted = nonblocking_ ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (flags < 0 || ::fcntl(made, F_SETFL, wanted) != 0) {
    const Error error = last_error("fcntl");
    ::close(made);
    return error;
  }
  return NativeHandle(made);
}

// Linux frees the number even when close is interrupted: trying again could close another's.
void PosixSocketCalls::close(NativeHandle handle) noexcept { ::close(handle.descriptor()); }

}  // namespace coil::detail
