// What the programs that load an echo server share: connecting, the bytes that are sent and
// expected back, clocks, and connections that say one thing and then nothing.
#pragma once

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace load {

[[noreturn]] inline void fail(const char* what) {
  std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

inline std::int64_t clock_ns() {
  timespec time = {};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

// What all threads of a process have spent on a processor, kernel included.
inline std::int64_t cpu_ns(int pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  DIR* directory = ::opendir(tasks.c_str());
  if (directory == nullptr) fail("the server has ended");
  std::int64_t total = 0;
  while (const dirent* entry = ::readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    std::FILE* file = std::fopen((tasks + "/" + entry->d_name + "/schedstat").c_str(), "r");
    if (file == nullptr) continue;
    long long spent = 0;
    if (std::fscanf(file, "%lld", &spent) == 1) total += spent;
    std::fclose(file);
  }
  ::closedir(directory);
  return total;
}

inline int connect_to(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail("connect");
  }
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

// The bytes of all connections. The period is prime, so that a byte that is lost, doubled or
// another connection's does not fit.
class Pattern {
 public:
  static constexpr std::size_t period = 4093;
  static constexpr std::size_t chunk_max = 64 * 1024;

  Pattern() : bytes_(period + chunk_max) {
    for (std::size_t index = 0; index < bytes_.size(); ++index) {
      bytes_[index] = static_cast<char>(index % period * 31 + index % period / 7);
    }
  }
  static std::size_t start_of(std::size_t connection) { return connection * 577 % period; }
  // At most chunk_max bytes from there on are the pattern's.
  const char* at(std::size_t position) const { return bytes_.data() + position % period; }
  void check(const char* bytes, std::size_t size, std::size_t position) const {
    if (std::memcmp(bytes, at(position), size) == 0) return;
    std::fprintf(stderr, "load: the server sent wrong bytes\n");
    std::exit(1);
  }

 private:
  std::vector<char> bytes_;
};

// Sends messages of 64 bytes one after another, each when the one before has come back.
inline void exchange(int descriptor, const Pattern& pattern, int messages) {
  std::array<char, 64> incoming;
  for (int message = 0; message < messages; ++message) {
    const std::size_t start = static_cast<std::size_t>(message) * 64;
    if (::send(descriptor, pattern.at(start), 64, MSG_NOSIGNAL) != 64) fail("send");
    if (::recv(descriptor, incoming.data(), 64, MSG_WAITALL) != 64) fail("recv");
    pattern.check(incoming.data(), 64, start);
  }
}

// Connections that the server has accepted and answered once, and that are silent from then on.
inline std::vector<int> open_idle(std::uint16_t port, const Pattern& pattern, std::size_t count) {
  std::vector<int> descriptors;
  descriptors.reserve(count);
  for (std::size_t number = 0; number < count; ++number) {
    descriptors.push_back(connect_to(port));
    exchange(descriptors.back(), pattern, 1);
  }
  return descriptors;
}

inline std::vector<long long> numbers(int argc, char** argv, int count, const char* usage) {
  if (argc != count + 1) {
    std::fprintf(stderr, "usage: %s %s\n", argv[0], usage);
    std::exit(2);
  }
  std::vector<long long> values;
  for (int index = 1; index < argc; ++index) values.push_back(std::atoll(argv[index]));
  return values;
}

}  // namespace load
