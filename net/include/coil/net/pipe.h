// PipeReader and PipeWriter: the two ends of pipes, terminals and files, awaited like a stream.
#pragma once

#include <coil/net/detail/connection_owner.h>
#include <coil/net/detail/owned_socket.h>
#include <coil/net/protocol.h>
#include <coil/runtime/await.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/buffer_lease.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <memory>
#include <span>

namespace coil {

// PipeReader: the end that is read from.
//
// Example (tests/examples/pipe_example.cpp, "through a pipe"):
//
//   PipeWriter writer(reactor, write_end);
//   PipeReader reader(reactor, read_end);
//   co_await writer.write_all(as_bytes("hello"));
//   co_await writer.shutdown_write();
//   std::array<std::byte, 5> text;
//   co_await read_exactly(reader, text);
//
// Requires:   The reactor outlives the reader. One read is awaited at a time; a second one is
//             asserted against.
// Guarantees: Bytes arrive in order and once. The other side of a terminal hanging up is the end of
//             the stream. Destroying it closes the handle.
class PipeReader {
 public:
  // A reader that is not open.
  PipeReader() noexcept {}
  // Takes over a native handle; it is closed if that fails. A handle that blocks would block the
  // whole reactor, except that of a file, which is always ready.
  //
  // Requires: `native` does not block; `kind` is HandleKind::stream if it is a socket.
  PipeReader(Reactor& reactor, NativeHandle native, HandleKind kind = HandleKind::pipe)
      : handle_(reactor, native, kind) {}

  // Reads what is available, at least one byte; 0 is the end of the stream.
  //
  // Errors:       SystemError; HandleClosed.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  // Buffers:      `into` must stay valid until completion, also after cancelling.
  auto read_some(MutableBytes into) {
    using Read = Await<ReceiveOperation, std::size_t, detail::ToSize>;
    return Read(detail::ToSize(), handle_.reactor(), handle_.id(), into);
  }
  // Gives the bytes in a buffer of the reactor's; an empty lease is the end of the stream.
  //
  // Errors:       SystemError; HandleClosed.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  // Cost:         No buffer while nothing arrives.
  auto receive() {
    using Receive = Await<ReceiveLeaseOperation, BufferLease, detail::ToLease>;
    return Receive(detail::ToLease(), handle_.reactor(), handle_.id());
  }

  // Closes the handle; a pending read ends with HandleClosed.
  void close() noexcept { handle_.close(); }
  bool is_open() const noexcept { return handle_.slot() != nullptr; }
  Reactor& reactor() const { return handle_.reactor(); }
  HandleId id() const noexcept { return handle_.id(); }

 private:
  friend class detail::Duplex;

  detail::OwnedSocket handle_;
};

// PipeWriter: the end that is written to.
//
// Example (tests/examples/pipe_example.cpp, "write"):
//
//   co_await writer.write_all(as_bytes("hello"));
//   co_await writer.shutdown_write();  // Its reader finds the end.
//
// Requires:   The reactor outlives the writer. One write is awaited at a time; a second one is
//             asserted against.
// Guarantees: A reader that has gone is an error of the write, not a signal.
class PipeWriter {
 public:
  // A writer that is not open.
  PipeWriter() noexcept {}
  // Takes over a native handle, as PipeReader does.
  PipeWriter(Reactor& reactor, NativeHandle native, HandleKind kind = HandleKind::pipe)
      : handle_(reactor, native, kind) {}

  // Writes at least one byte of `from`, and gives how many; 0 only if there is nothing to write.
  //
  // Errors:       ConnectionLost if nobody can read it any more; SystemError; HandleClosed.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  // Buffers:      `from` must stay valid until completion, also after cancelling.
  auto write_some(ConstBytes from) {
    using Write = Await<SendOperation, std::size_t, detail::ToSize>;
    return Write(detail::ToSize(), handle_.reactor(), handle_.id(), from);
  }
  // The same for several pieces in one call; the list of them must stay valid too.
  auto write_some(std::span<const ConstBytes> pieces) {
    using Write = Await<SendOperation, std::size_t, detail::ToSize>;
    return Write(detail::ToSize(), handle_.reactor(), handle_.id(), pieces);
  }
  // Writes all of `from`.
  //
  // Errors:       As write_some.
  // Cancellation: Cancellable; some bytes may have been transferred.
  // Buffers:      `from` must stay valid until completion.
  auto write_all(ConstBytes from) {
    using Write = Await<SendOperation, void, detail::ToNothing>;
    return Write(detail::ToNothing(), handle_.reactor(), handle_.id(), from, Sending::whole);
  }
  // Closes the handle: the reader finds the end of the stream after everything that was written.
  //
  // Cancellation: Not cancellable; completes promptly.
  Task<void> shutdown_write() {
    close();
    co_return;
  }

  // Closes the handle; a pending write ends with HandleClosed.
  void close() noexcept { handle_.close(); }
  bool is_open() const noexcept { return handle_.slot() != nullptr; }
  Reactor& reactor() const { return handle_.reactor(); }
  HandleId id() const noexcept { return handle_.id(); }

 private:
  friend class detail::Duplex;

  detail::OwnedSocket handle_;
};

// Drives `protocol` over two pipes, as attach() does over a connection. They have no address, and
// the transport's detach() is refused: it gives a socket.
//
// Errors: std::invalid_argument if they belong to different reactors.
void attach(PipeReader reader, PipeWriter writer, std::shared_ptr<Protocol> protocol,
            std::shared_ptr<ConnectionOwner> owner = nullptr);

}  // namespace coil
