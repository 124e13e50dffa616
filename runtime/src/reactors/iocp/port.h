// Port: the completion port of one reactor, and the driver that polls sockets through it. Included
// by this backend only.
#pragma once

#include "request.h"

#include <coil/runtime/native_handle.h>
#include <coil/runtime/time_point.h>

#include <mswsock.h>

#include <array>
#include <cstddef>
#include <optional>

namespace coil::detail {

// What Winsock keeps out of its libraries.
struct Extensions {
  LPFN_ACCEPTEX accept = nullptr;
  LPFN_CONNECTEX connect = nullptr;
};

// One thing that has come: a request that has ended, or a call that ended the wait.
struct Packet {
  Request* request;  // Null for a wake-up.
  unsigned long status;
  std::size_t bytes;
};

class Port {
 public:
  // Errors: SystemError that names the call that Windows refused.
  Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  ~Port();

  const Extensions& extensions() const noexcept { return extensions_; }

  // Finds out how a handle can be served, and has the port complete its calls if that can be.
  HandleNote adopt(NativeHandle native, HandleKind kind) noexcept;

  // Begins to wait until the socket of `slot` is worth a look from that side: an error as an
  // outcome, else nothing.
  Attempt poll(HandleSlot& slot, Direction side, Request& request) noexcept;
  // Of a poll that has ended: its socket was closed meanwhile, by whoever owns it.
  static bool was_closed(const Request& request) noexcept;
  // Asks for the end of a request that waits on the handle.
  void cancel(HandleSlot& slot, Request& request) noexcept;

  // Waits until something has come, for at most that long; for good without a limit.
  void wait(std::optional<Duration> at_most) noexcept;
  // Takes one of the things that have come; false when none is left.
  bool next(Packet& packet) noexcept;
  // Threads: Any thread.
  void wake() noexcept;
  // Has the port tell of a request that it does not serve itself. Threads: Any thread.
  void post(Request& request) noexcept;

 private:
  static constexpr std::size_t batch = 128;

  HANDLE port_ = nullptr;
  HANDLE poller_ = INVALID_HANDLE_VALUE;
  Extensions extensions_;
  std::array<OVERLAPPED_ENTRY, batch> came_;
  ULONG count_ = 0;
  ULONG taken_ = 0;
};

}  // namespace coil::detail
