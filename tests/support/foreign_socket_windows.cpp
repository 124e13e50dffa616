// Sockets of a test's own on Windows.
#include "support/foreign_socket.h"

#include <doctest/doctest.h>
#include <winsock2.h>

#include <ws2tcpip.h>

namespace coil::testing {

namespace {

// A test may make a socket before there is a reactor that starts Winsock.
class Started {
 public:
  Started() noexcept { ::WSAStartup(MAKEWORD(2, 2), &data_); }

 private:
  WSADATA data_ = {};
};

SOCKET socket_of(NativeHandle handle) noexcept { return static_cast<SOCKET>(handle.value()); }

sockaddr_in at_loopback(std::uint16_t port) noexcept {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

NativeHandle opened(ForeignSocket::Kind kind) noexcept {
  using Kind = ForeignSocket::Kind;
  static const Started started;
  const bool streams = kind == Kind::stream || kind == Kind::stream_v6 || kind == Kind::local;
  int family = AF_INET;
  if (kind == Kind::stream_v6 || kind == Kind::datagram_v6) family = AF_INET6;
  if (kind == Kind::local || kind == Kind::local_datagram) family = AF_UNIX;
  const SOCKET made = ::WSASocketW(family, streams ? SOCK_STREAM : SOCK_DGRAM, 0, nullptr, 0,
                                   WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
  return NativeHandle(static_cast<std::intptr_t>(made));
}

}  // namespace

ForeignSocket::ForeignSocket(Kind kind) : handle_(opened(kind)) { REQUIRE(handle_.valid()); }

ForeignSocket ForeignSocket::listening() {
  ForeignSocket socket(Kind::stream);
  sockaddr_in anywhere = {};
  anywhere.sin_family = AF_INET;
  const auto* address = reinterpret_cast<const sockaddr*>(&anywhere);
  REQUIRE(::bind(socket_of(socket.handle_), address, sizeof anywhere) == 0);
  REQUIRE(::listen(socket_of(socket.handle_), 16) == 0);
  return socket;
}

bool ForeignSocket::can_open(Kind kind) noexcept {
  ForeignSocket tried;
  tried.handle_ = opened(kind);
  return tried.handle_.valid();
}

void ForeignSocket::close() noexcept {
  if (handle_.valid()) ::closesocket(socket_of(release()));
}

void ForeignSocket::reset() noexcept {
  linger at_once = {};
  at_once.l_onoff = 1;
  const auto* option = reinterpret_cast<const char*>(&at_once);
  ::setsockopt(socket_of(handle_), SOL_SOCKET, SO_LINGER, option, sizeof at_once);
  close();
}

void ForeignSocket::bind_to_loopback() {
  const sockaddr_in here = at_loopback(0);
  const auto* address = reinterpret_cast<const sockaddr*>(&here);
  REQUIRE(::bind(socket_of(handle_), address, sizeof here) == 0);
}

std::uint16_t ForeignSocket::port() const {
  sockaddr_in here = {};
  int size = sizeof here;
  REQUIRE(::getsockname(socket_of(handle_), reinterpret_cast<sockaddr*>(&here), &size) == 0);
  return ntohs(here.sin_port);
}

void ForeignSocket::connect_to_loopback(std::uint16_t port) {
  const sockaddr_in there = at_loopback(port);
  const auto* address = reinterpret_cast<const sockaddr*>(&there);
  REQUIRE(::connect(socket_of(handle_), address, sizeof there) == 0);
}

ForeignSocket ForeignSocket::accept() const {
  ForeignSocket accepted;
  const SOCKET made = ::accept(socket_of(handle_), nullptr, nullptr);
  accepted.handle_ = NativeHandle(static_cast<std::intptr_t>(made));
  REQUIRE(accepted.handle_.valid());
  return accepted;
}

std::ptrdiff_t ForeignSocket::send(std::string_view text) const noexcept {
  return ::send(socket_of(handle_), text.data(), static_cast<int>(text.size()), 0);
}

std::ptrdiff_t ForeignSocket::receive(char* into, std::size_t size) const noexcept {
  return ::recv(socket_of(handle_), into, static_cast<int>(size), 0);
}

}  // namespace coil::testing
