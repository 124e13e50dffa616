// One plain class per OpCode: what a backend must know to carry the request out.
//
// Example (tests/examples/operation_example.cpp, "await"):
//
//   std::size_t to_size(ReceiveOperation&, std::int64_t outcome) {
//     return static_cast<std::size_t>(outcome);
//   }
//   using Read = Await<ReceiveOperation, std::size_t, decltype(&to_size)>;
//
//   std::size_t size = co_await Read(&to_size, reactor, stream.id(), buffer);
#pragma once

#include <coil/runtime/buffer.h>
#include <coil/runtime/buffer_lease.h>
#include <coil/runtime/native_handle.h>
#include <coil/runtime/operation.h>

#include <cstddef>
#include <span>
#include <utility>

namespace coil {

// Each operation says what its outcome means; an error is a negative number everywhere.

// Outcome: bytes received; 0 is the end of the stream.
class ReceiveOperation final : public Operation {
 public:
  ReceiveOperation(Reactor& reactor, HandleId from, MutableBytes buffer) noexcept
      : Operation(OpCode::receive, reactor, from), into(buffer) {
    if (buffer.empty()) settle(0);
  }
  MutableBytes into;
};

// Outcome: bytes received into the lease; 0 is the end of the stream.
class ReceiveLeaseOperation final : public Operation {
 public:
  ReceiveLeaseOperation(Reactor& reactor, HandleId from) noexcept
      : Operation(OpCode::receive_lease, reactor, from) {}
  BufferLease lease;
};

// How much of its bytes a send must carry.
enum class Sending : bool {
  some,   // What the kernel takes, at least one byte.
  whole,  // All of them, one after the other.
};

// Outcome: bytes that the kernel accepted, in the last step of one that must be whole.
class SendOperation final : public Operation {
 public:
  SendOperation(Reactor& reactor, HandleId to, ConstBytes bytes,
                Sending how = Sending::some) noexcept
      : Operation(OpCode::send, reactor, to), from(bytes) {
    if (how == Sending::whole) may_repeat();
    if (how == Sending::whole && bytes.empty()) settle(0);
  }
  // Sends several pieces with one call; they, and the list of them, outlive the operation.
  SendOperation(Reactor& reactor, HandleId to, std::span<const ConstBytes> pieces) noexcept
      : Operation(OpCode::send, reactor, to), from() {
    if (pieces.empty()) return;
    gather();
    several = pieces;
  }
  // What is to be sent, also if it is one piece.
  std::span<const ConstBytes> pieces() const noexcept {
    return in_pieces() ? several : std::span<const ConstBytes>(&from, 1);
  }
  bool in_pieces() const noexcept { return gathers(); }
  union {
    ConstBytes from;                      // Unless it is in pieces.
    std::span<const ConstBytes> several;  // If it is.
  };
};

// Outcome: the accepted connection's native handle, non-blocking where the backend needs that.
class AcceptOperation final : public Operation {
 public:
  AcceptOperation(Reactor& reactor, HandleId listener, bool all = false) noexcept
      : Operation(OpCode::accept, reactor, listener), takes_all(all) {
    may_repeat();
  }
  bool takes_all;  // The backend may accept further connections ahead of the next request.
};

// Outcome: 0.
class ConnectOperation final : public Operation {
 public:
  ConnectOperation(Reactor& reactor, HandleId socket, const NativeAddress& to) noexcept
      : Operation(OpCode::connect, reactor, socket), peer(to) {}
  NativeAddress peer;
  bool started = false;  // The attempt is under way; the next readiness tells its result.
};

// Outcome: bytes received; `truncated` tells that the datagram was longer than the buffer.
class ReceiveFromOperation final : public Operation {
 public:
  ReceiveFromOperation(Reactor& reactor, HandleId socket, MutableBytes buffer) noexcept
      : Operation(OpCode::receive_from, reactor, socket), into(buffer) {}
  MutableBytes into;
  NativeAddress sender;
  bool truncated = false;
};

// Outcome: bytes sent. An address of size 0 sends to the connected peer. `refused` is the error of
// a request that is wrong in itself, which no backend then sees.
class SendToOperation final : public Operation {
 public:
  SendToOperation(Reactor& reactor, HandleId socket, ConstBytes payload, const NativeAddress& to,
                  std::int64_t refused = 0) noexcept
      : Operation(OpCode::send_to, reactor, socket), from(payload), peer(to) {
    if (refused != 0) settle(refused);
  }
  ConstBytes from;
  NativeAddress peer;
};

// Outcome: 0. Ends the sending side; what was accepted by send goes out first.
class ShutdownOperation final : public Operation {
 public:
  ShutdownOperation(Reactor& reactor, HandleId socket) noexcept
      : Operation(OpCode::shutdown, reactor, socket) {}
};

// Outcome: 0. Waits until the handle can be read, or has ended.
class PollOperation final : public Operation {
 public:
  PollOperation(Reactor& reactor, HandleId handle, Direction side) noexcept
      : Operation(side == Direction::read ? OpCode::poll_readable : OpCode::poll_writable, reactor,
                  handle) {}
};

}  // namespace coil
