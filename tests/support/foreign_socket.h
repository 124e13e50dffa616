// Sockets of a test's own, as another program or library would hold them.
#pragma once

#include <coil/runtime/native_handle.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace coil::testing {

// A socket that no reactor knows: closed at its end, unless somebody took it. It blocks.
class ForeignSocket {
 public:
  enum class Kind { stream, stream_v6, datagram, datagram_v6, local, local_datagram };

  ForeignSocket() noexcept {}
  // Open, or a failed requirement.
  explicit ForeignSocket(Kind kind);
  // A stream socket that listens at a port which the system picks.
  static ForeignSocket listening();
  // Both ends of a connection.
  static std::pair<ForeignSocket, ForeignSocket> connected() {
    const ForeignSocket listener = listening();
    ForeignSocket here(Kind::stream);
    here.connect_to_loopback(listener.port());
    return {std::move(here), listener.accept()};
  }
  // False where the system has no such sockets.
  static bool can_open(Kind kind) noexcept;

  ForeignSocket(ForeignSocket&& other) noexcept : handle_(other.release()) {}
  ForeignSocket& operator=(ForeignSocket&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~ForeignSocket() { close(); }

  NativeHandle handle() const noexcept { return handle_; }
  NativeHandle release() noexcept { return std::exchange(handle_, NativeHandle()); }
  void close() noexcept;
  // The same, but the peer's next call already fails.
  void reset() noexcept;

  void bind_to_loopback();
  std::uint16_t port() const;
  void connect_to_loopback(std::uint16_t port);
  ForeignSocket accept() const;
  // How many bytes were sent or received; -1 if none could be.
  std::ptrdiff_t send(std::string_view text) const noexcept;
  std::ptrdiff_t receive(char* into, std::size_t size) const noexcept;

 private:
  NativeHandle handle_;
};

}  // namespace coil::testing
