// Sockets of a test's own on POSIX systems.
#include "support/foreign_socket.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coil::testing {

namespace {

sockaddr_in at_loopback(std::uint16_t port) noexcept {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int opened(ForeignSocket::Kind kind) noexcept {
  using Kind = ForeignSocket::Kind;
  const bool streams = kind == Kind::stream || kind == Kind::stream_v6 || kind == Kind::local;
  int family = AF_INET;
  if (kind == Kind::stream_v6 || kind == Kind::datagram_v6) family = AF_INET6;
  if (kind == Kind::local || kind == Kind::local_datagram) family = AF_UNIX;
  return ::socket(family, (streams ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
}

}  // namespace

ForeignSocket::ForeignSocket(Kind kind) : handle_(opened(kind)) { REQUIRE(handle_.valid()); }

// Connections that are still being closed do not hold the address.
ForeignSocket ForeignSocket::listening() {
  ForeignSocket socket(Kind::stream);
  const int on = 1;
  const int fd = socket.handle_.descriptor();
  REQUIRE(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  REQUIRE(::listen(fd, 16) == 0);
  return socket;
}

bool ForeignSocket::can_open(Kind) noexcept { return true; }

void ForeignSocket::close() noexcept {
  if (handle_.valid()) ::close(release().descriptor());
}

void ForeignSocket::reset() noexcept {
  const linger at_once = {.l_onoff = 1, .l_linger = 0};
  ::setsockopt(handle_.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void ForeignSocket::bind_to_loopback() {
  const sockaddr_in here = at_loopback(0);
  REQUIRE(::bind(handle_.descriptor(), reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0);
}

std::uint16_t ForeignSocket::port() const {
  sockaddr_in here = {};
  socklen_t size = sizeof here;
  REQUIRE(::getsockname(handle_.descriptor(), reinterpret_cast<sockaddr*>(&here), &size) == 0);
  return ntohs(here.sin_port);
}

void ForeignSocket::connect_to_loopback(std::uint16_t port) {
  const sockaddr_in there = at_loopback(port);
  const auto* address = reinterpret_cast<const sockaddr*>(&there);
  REQUIRE(::connect(handle_.descriptor(), address, sizeof there) == 0);
}

ForeignSocket ForeignSocket::accept() const {
  ForeignSocket accepted;
  accepted.handle_ = NativeHandle(::accept(handle_.descriptor(), nullptr, nullptr));
  REQUIRE(accepted.handle_.valid());
  return accepted;
}

std::ptrdiff_t ForeignSocket::send(std::string_view text) const noexcept {
  return ::send(handle_.descriptor(), text.data(), text.size(), MSG_NOSIGNAL);
}

std::ptrdiff_t ForeignSocket::receive(char* into, std::size_t size) const noexcept {
  return ::recv(handle_.descriptor(), into, size, 0);
}

}  // namespace coil::testing
