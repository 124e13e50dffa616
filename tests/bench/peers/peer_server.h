// What the peer echo servers share: their command line, their listening socket, their first line
// and the descriptor that becomes readable when they are asked to end.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace peer {

[[noreturn]] inline void fail(const char* what, int error = errno) {
  std::fprintf(stderr, "%s: %s\n", what, std::strerror(error));
  std::exit(1);
}

// Says what was built and how, so that a table of figures can name it.
inline void print_version(const char* library, const std::string& version) {
#if defined(__clang__)
  const char* compiler = "clang " __clang_version__;
#else
  const char* compiler = "gcc " __VERSION__;
#endif
#if defined(__OPTIMIZE__)
  const char* optimized = "optimized";
#else
  const char* optimized = "not optimized";
#endif
  std::printf("%s %s; %s; %s\n", library, version.c_str(), compiler, optimized);
}

// Whether other programs may listen on the port too; the kernel spreads connections over them.
inline bool port_is_shared = false;

// Reads `--port N`, `--share` and `--version`; ends the program for the latter and for anything
// else.
inline std::uint16_t parse_port(int count, char** arguments, const char* library,
                                const std::string& version) {
  long port = 0;
  for (int index = 1; index < count; ++index) {
    const std::string argument = arguments[index];
    char* end = nullptr;
    if (argument == "--version" && count == 2) {
      print_version(library, version);
      std::exit(0);
    } else if (argument == "--share") {
      port_is_shared = true;
    } else if (argument == "--port" && index + 1 < count) {
      port = std::strtol(arguments[++index], &end, 10);
      if (end == arguments[index] || *end != '\0') port = -1;
    } else {
      port = -1;
    }
    if (port < 0 || port > 65535) {
      std::fprintf(stderr, "usage: %s [--port N] [--share] | --version\n", arguments[0]);
      std::exit(2);
    }
  }
  return static_cast<std::uint16_t>(port);
}

inline void print_listening(std::uint16_t port) {
  std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(port));
  std::fflush(stdout);
}

// Opens a listening socket on the loopback address and prints the line that names its port.
// TCP_NODELAY is set here because Linux lets accepted sockets inherit it.
inline int listen_on_loopback(std::uint16_t port, int type_flags) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0);
  if (listener < 0) fail("socket");
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (port_is_shared) ::setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("bind");
  }
  if (::listen(listener, 4096) != 0) fail("listen");
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  print_listening(ntohs(address.sin_port));
  return listener;
}

// Turns SIGINT and SIGTERM into a readable descriptor. Call it before the first line is printed,
// so that whoever reads the line may send the signal at once.
inline int open_stop_descriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) fail("sigprocmask");
  const int descriptor = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0) fail("signalfd");
  return descriptor;
}

}  // namespace peer
