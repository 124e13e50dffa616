// MemoryStream: two ByteStreams that are connected in memory.
#pragma once

#include <coil/runtime/buffer.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <memory>
#include <utility>

namespace coil::testing {

// MemoryStream: one end of a connection that needs no network.
//
// Example (tests/examples/framing_example.cpp, "memory stream"):
//
//   auto [client, server] = MemoryStream::pair();
//   server.set_read_max(1);                    // Every possible split is met.
//   co_await write_all(client, "one\r\ntwo\r\n");
//   LineParser parser;
//   CHECK(co_await read_line(server, parser) == "one");
//
// Guarantees: Bytes arrive in order and once. At most the capacity of the pair waits in each
//             direction; a writer waits for room. Destroying an end closes it.
// Errors:     HandleClosed after close(), also for awaits that were pending; ConnectionLost for a
//             write after shutdown_write, or when the other end has closed.
class MemoryStream {
 public:
  static constexpr std::size_t usual_capacity_bytes = 64 * 1024;

  // Makes two connected ends.
  //
  // Requires: `capacity_bytes` is at least 1.
  static std::pair<MemoryStream, MemoryStream> pair(
      std::size_t capacity_bytes = usual_capacity_bytes);

  MemoryStream(MemoryStream&&) noexcept = default;
  MemoryStream& operator=(MemoryStream&& other) noexcept;
  ~MemoryStream() { close(); }

  // Reads what is there, at least one byte; 0 is the end of the stream.
  //
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  // Buffers:      `into` must stay valid until completion.
  Task<std::size_t> read_some(MutableBytes into);
  // Writes at least one byte of `from`, and gives how many; 0 only if there is nothing to write.
  //
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  // Buffers:      `from` must stay valid until completion.
  Task<std::size_t> write_some(ConstBytes from);
  // Ends the sending side: the other end reads 0 after everything that was written.
  //
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  Task<void> shutdown_write();
  // Closes this end: the other one reads what was written, and then 0.
  void close() noexcept;

  // Each read gives at most so many bytes; at least 1.
  void set_read_max(std::size_t bytes) noexcept;

 private:
  class Direction;

  MemoryStream(std::shared_ptr<Direction> in, std::shared_ptr<Direction> out) noexcept;

  // Shared with the other end, and with the awaits that are pending.
  std::shared_ptr<Direction> in_;
  std::shared_ptr<Direction> out_;
  std::size_t read_max_bytes_ = usual_capacity_bytes;
};

}  // namespace coil::testing
