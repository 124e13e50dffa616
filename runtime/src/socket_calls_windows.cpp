// Socket calls on Windows. Every socket is overlapped, for requests that wait, and non-blocking,
// for calls that do not: the two never meet in one call.
#include "socket_calls_windows.h"

#include "native_error_windows.h"

#include <coil/runtime/detail/native_address.h>
#include <coil/runtime/owned_handle.h>

#include <ws2tcpip.h>

#include <mstcpip.h>
#include <mswsock.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace coil::detail {

namespace {

int last_number() noexcept { return error_number(static_cast<unsigned long>(::WSAGetLastError())); }

Error last_error(const char* what) noexcept {
  return Error(system_error_code(last_number()), what);
}

Result<> check(int status, const char* what) noexcept {
  if (status != 0) return last_error(what);
  return {};
}

const sockaddr* native(const NativeAddress& address) noexcept {
  return reinterpret_cast<const sockaddr*>(address.data());
}

int size_of(const NativeAddress& address) noexcept { return static_cast<int>(address.size()); }

int set(SOCKET socket, int level, int name, int value) noexcept {
  return ::setsockopt(socket, level, name, reinterpret_cast<const char*>(&value), sizeof value);
}

// What it is, in the words of its provider; nothing if it is no socket.
bool describe(SOCKET socket, WSAPROTOCOL_INFOW& info) noexcept {
  int size = sizeof info;
  return ::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL_INFOW, reinterpret_cast<char*>(&info),
                      &size) == 0;
}

bool is_datagram(SOCKET socket) noexcept {
  WSAPROTOCOL_INFOW info = {};
  return describe(socket, info) && info.iSocketType == SOCK_DGRAM;
}

bool is_v6(SOCKET socket) noexcept {
  WSAPROTOCOL_INFOW info = {};
  return describe(socket, info) && info.iAddressFamily == AF_INET6;
}

// Whether a datagram that was refused fails a later call, on this socket.
int report_refusals(SOCKET socket, bool report) noexcept {
  BOOL value = report ? TRUE : FALSE;
  DWORD size = 0;
  return ::WSAIoctl(socket, SIO_UDP_CONNRESET, &value, sizeof value, nullptr, 0, &size, nullptr,
                    nullptr);
}

struct OptionName {
  int level;
  int name;
};

OptionName option_name(SocketOption option, SOCKET socket) noexcept {
  switch (option) {
    case SocketOption::reuse_address:
      return {SOL_SOCKET, SO_REUSEADDR};
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
    case SocketOption::multicast_interface:
      return is_v6(socket) ? OptionName{IPPROTO_IPV6, IPV6_MULTICAST_IF}
                           : OptionName{IPPROTO_IP, IP_MULTICAST_IF};
    case SocketOption::reuse_port:
    case SocketOption::receive_errors:
    case SocketOption::incoming_processor:
      break;
  }
  return {0, 0};
}

// The one option whose number is an address on the wire: turns it either way.
int in_wire_order(int value, OptionName name) noexcept {
  const bool is_address = name.level == IPPROTO_IP && name.name == IP_MULTICAST_IF;
  return is_address ? static_cast<int>(htonl(static_cast<std::uint32_t>(value))) : value;
}

Error no_shared_ports() {
  return Error(make_error_code(Errc::not_supported),
               "several sockets that share the connections of one port, on Windows");
}

}  // namespace

void start_winsock() {
  static const int status = [] {
    WSADATA data = {};
    return ::WSAStartup(MAKEWORD(2, 2), &data);
  }();
  if (status == 0) return;
  const int number = error_number(static_cast<unsigned long>(status));
  throw SystemError(system_error_code(number), "WSAStartup");
}

bool make_nonblocking(SOCKET socket) noexcept {
  u_long on = 1;
  return ::ioctlsocket(socket, static_cast<long>(FIONBIO), &on) == 0;
}

std::int64_t stream_error(int number) noexcept {
  return outcome::from_system_error(number == ECONNABORTED ? ECONNRESET : number);
}

DWORD gather(std::span<const ConstBytes> pieces, std::size_t bytes_max,
             std::span<WSABUF, gather_max> into) noexcept {
  DWORD count = 0;
  for (const ConstBytes& piece : pieces) {
    if (count == gather_max || bytes_max == 0) break;
    const std::size_t size = std::min(piece.size(), bytes_max);
    bytes_max -= size;
    WSABUF& entry = into[count++];
    entry.buf = reinterpret_cast<char*>(const_cast<std::byte*>(piece.data()));
    entry.len = static_cast<ULONG>(size);
  }
  return count;
}

Attempt try_send(SOCKET socket, std::span<const ConstBytes> pieces) noexcept {
  std::array<WSABUF, gather_max> gathered;
  const DWORD count = gather(pieces, call_bytes_max, gathered);
  DWORD sent = 0;
  if (::WSASend(socket, gathered.data(), count, &sent, 0, nullptr, nullptr) == 0) return sent;
  if (::WSAGetLastError() == WSAEWOULDBLOCK) return std::nullopt;
  return stream_error(last_number());
}

// An IPv6 socket serves IPv4 too unless it is told not to, as on other systems.
Result<NativeHandle> WinsockCalls::open(SocketFamily family, SocketType type) {
  int domain = AF_UNIX;
  if (family == SocketFamily::ipv4) domain = AF_INET;
  if (family == SocketFamily::ipv6) domain = AF_INET6;
  const int kind = type == SocketType::stream ? SOCK_STREAM : SOCK_DGRAM;
  const SOCKET made =
      ::WSASocketW(domain, kind, 0, nullptr, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (made == INVALID_SOCKET) return last_error("socket");
  if (!make_nonblocking(made) ||
      (domain == AF_INET6 && set(made, IPPROTO_IPV6, IPV6_V6ONLY, 0) != 0)) {
    const Error error = last_error("socket");
    ::closesocket(made);
    return error;
  }
  // Unless somebody asks for them, as on other systems. A provider that has no such switch reports
  // none, or is asked again by whoever receives.
  if (kind == SOCK_DGRAM) report_refusals(made, false);
  return handle_of(made);
}

// Without the option any program could take the port over, and its connections with it. Datagrams
// may share a port, as those of a multicast group do, where that was asked for.
Result<> WinsockCalls::bind(NativeHandle handle, const NativeAddress& local) {
  const SOCKET socket = socket_of(handle);
  int shared = 0;
  int size = sizeof shared;
  ::getsockopt(socket, SOL_SOCKET, SO_REUSEADDR, reinterpret_cast<char*>(&shared), &size);
  if (shared == 0) set(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1);
  return check(::bind(socket, native(local), size_of(local)), "bind");
}

Result<> WinsockCalls::listen(NativeHandle socket, int backlog_max) {
  return check(::listen(socket_of(socket), backlog_max), "listen");
}

Result<> WinsockCalls::connect_datagram(NativeHandle socket, const NativeAddress& peer) {
  report_refusals(socket_of(socket), true);
  return check(::connect(socket_of(socket), native(peer), size_of(peer)), "connect");
}

// One that is not bound has no name here: elsewhere it has the any-address.
Result<NativeAddress> WinsockCalls::local_address(NativeHandle socket) {
  NativeAddress address;
  int size = NativeAddress::capacity;
  if (::getsockname(socket_of(socket), reinterpret_cast<sockaddr*>(address.data()), &size) != 0) {
    const Error error = last_error("getsockname");
    WSAPROTOCOL_INFOW info = {};
    if (error.code() != std::errc::invalid_argument || !describe(socket_of(socket), info)) {
      return error;
    }
    const auto family = info.iAddressFamily == AF_INET6 ? SocketFamily::ipv6 : SocketFamily::ipv4;
    constexpr std::array<std::uint8_t, 16> any{};
    return ip_to_native(family, any.data(), 0, 0);
  }
  address.set_size(static_cast<std::uint32_t>(size));
  return address;
}

Result<NativeAddress> WinsockCalls::peer_address(NativeHandle socket) {
  NativeAddress address;
  int size = NativeAddress::capacity;
  if (::getpeername(socket_of(socket), reinterpret_cast<sockaddr*>(address.data()), &size) != 0) {
    return last_error("getpeername");
  }
  address.set_size(static_cast<std::uint32_t>(size));
  return address;
}

Result<> WinsockCalls::set_option(NativeHandle handle, SocketOption option, int value) {
  const SOCKET socket = socket_of(handle);
  if (option == SocketOption::reuse_port) {
    // Datagrams share a port with the address: every member of a group hears what is sent to that.
    if (value != 0 && !is_datagram(socket)) return no_shared_ports();
    return {};
  }
  if (option == SocketOption::receive_errors) {
    return check(report_refusals(socket, value != 0), "setsockopt");
  }
  // For streams it means here that others may take the address away; what it means elsewhere, that
  // connections which have ended do not keep the port, holds here without it.
  if (option == SocketOption::reuse_address && !is_datagram(socket)) return {};
  const OptionName name = option_name(option, socket);
  if (option == SocketOption::linger_zero) {
    const linger setting = {static_cast<u_short>(value), 0};
    return check(::setsockopt(socket, name.level, name.name,
                              reinterpret_cast<const char*>(&setting), sizeof setting),
                 "setsockopt");
  }
  return check(set(socket, name.level, name.name, in_wire_order(value, name)), "setsockopt");
}

Result<int> WinsockCalls::get_option(NativeHandle handle, SocketOption option) {
  if (option == SocketOption::reuse_port) return 0;
  const SOCKET socket = socket_of(handle);
  const OptionName name = option_name(option, socket);
  linger setting = {};
  int value = 0;
  const bool lingers = option == SocketOption::linger_zero;
  char* into = lingers ? reinterpret_cast<char*>(&setting) : reinterpret_cast<char*>(&value);
  int size = lingers ? sizeof setting : sizeof value;
  if (::getsockopt(socket, name.level, name.name, into, &size) != 0) {
    return last_error("getsockopt");
  }
  return lingers ? static_cast<int>(setting.l_onoff != 0 && setting.l_linger == 0)
                 : in_wire_order(value, name);
}

Result<> WinsockCalls::membership(NativeHandle handle, const NativeAddress& group,
                                  const NativeAddress& through, bool join) {
  const SOCKET socket = socket_of(handle);
  int status = 0;
  if (native(group)->sa_family == AF_INET6) {
    ipv6_mreq request = {};
    sockaddr_in6 address;
    std::memcpy(&address, group.data(), sizeof address);
    request.ipv6mr_multiaddr = address.sin6_addr;
    std::memcpy(&address, through.data(), sizeof address);
    request.ipv6mr_interface = address.sin6_scope_id;
    status = ::setsockopt(socket, IPPROTO_IPV6, join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP,
                          reinterpret_cast<const char*>(&request), sizeof request);
  } else {
    ip_mreq request = {};
    sockaddr_in address;
    std::memcpy(&address, group.data(), sizeof address);
    request.imr_multiaddr = address.sin_addr;
    std::memcpy(&address, through.data(), sizeof address);
    request.imr_interface = address.sin_addr;
    status = ::setsockopt(socket, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
                          reinterpret_cast<const char*>(&request), sizeof request);
  }
  return check(status, "multicast membership");
}

Result<> WinsockCalls::shutdown(NativeHandle socket, ShutdownSide side) {
  int how = SD_BOTH;
  if (side == ShutdownSide::read) how = SD_RECEIVE;
  if (side == ShutdownSide::write) how = SD_SEND;
  return check(::shutdown(socket_of(socket), how), "shutdown");
}

Result<SocketFacts> WinsockCalls::facts(NativeHandle handle) {
  const SOCKET socket = socket_of(handle);
  WSAPROTOCOL_INFOW info = {};
  if (!handle.valid()) return Error(system_error_code(EBADF), "getsockopt");
  if (!describe(socket, info)) return last_error("getsockopt");
  SocketFacts facts;
  if (info.iAddressFamily == AF_INET) facts.family = SocketFamily::ipv4;
  if (info.iAddressFamily == AF_INET6) facts.family = SocketFamily::ipv6;
  if (info.iAddressFamily == AF_UNIX) facts.family = SocketFamily::local;
  if (info.iSocketType == SOCK_STREAM) facts.type = SocketType::stream;
  if (info.iSocketType == SOCK_DGRAM) facts.type = SocketType::datagram;
  BOOL listening = FALSE;
  int size = sizeof listening;
  if (::getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, reinterpret_cast<char*>(&listening), &size) ==
      0) {
    facts.listening = listening != FALSE;
  }
  return facts;
}

Result<NativeHandle> WinsockCalls::duplicate(NativeHandle socket) {
  WSAPROTOCOL_INFOW info = {};
  if (::WSADuplicateSocketW(socket_of(socket), ::GetCurrentProcessId(), &info) != 0) {
    return last_error("WSADuplicateSocket");
  }
  const SOCKET made = ::WSASocketW(FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO, FROM_PROTOCOL_INFO,
                                   &info, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  if (made == INVALID_SOCKET) return last_error("WSASocket");
  if (!make_nonblocking(made)) {
    const Error error = last_error("ioctlsocket");
    ::closesocket(made);
    return error;
  }
  return handle_of(made);
}

void WinsockCalls::close(NativeHandle handle) noexcept { const OwnedHandle closed(handle); }

}  // namespace coil::detail
