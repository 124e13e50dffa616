// Algorithms over any stream of bytes: exact reads, delimiters, whole writes, copies.
#pragma once

#include <coil/net/byte_stream.h>
#include <coil/runtime/error.h>
#include <coil/runtime/task.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coil {

// Fills all of `into`.
//
// Example (tests/examples/stream_example.cpp, "exact"):
//
//   std::array<std::byte, 4> header;
//   co_await read_exactly(stream, header);
//
// Errors:       EndOfStream if the stream ends first; what was read is lost with it.
// Cancellation: Cancellable; some bytes may have been transferred.
// Buffers:      `into` must stay valid until completion.
template <ReadStream S>
Task<void> read_exactly(S& stream, MutableBytes into) {
  while (!into.empty()) {
    const std::size_t size = co_await stream.read_some(into);
    if (size == 0) throw EndOfStream(make_error_code(Errc::end_of_stream), "read_exactly");
    into = into.skip(size);
  }
}

// Reads until `buffered` holds `delimiter`, and gives what is before it; the delimiter is dropped,
// and what came behind it stays in `buffered` for the next call.
//
// Example (tests/examples/stream_example.cpp, "lines"):
//
//   std::string buffered;
//   for (;;) {
//     Result<std::string> line = co_await as_result(read_until(stream, buffered, "\r\n", 1024));
//     if (!line) break;                    // The peer has closed, or the line is too long.
//     use(*line);
//   }
//
// Requires:     The delimiter is not empty.
// Errors:       EndOfStream if the stream ends first, `buffered` then holds the rest;
//               MessageTooLong if more than `size_max` bytes come without the delimiter.
// Cancellation: Cancellable; some bytes may have been transferred. They are in `buffered`.
template <ReadStream S>
Task<std::string> read_until(S& stream, std::string& buffered, std::string_view delimiter,
                             std::size_t size_max) {
  if (delimiter.empty()) contract_violation("read_until was given an empty delimiter");
  std::size_t searched = 0;
  for (;;) {
    const std::size_t found = buffered.find(delimiter, searched);
    if (found != std::string::npos && found <= size_max) {
      std::string text = buffered.substr(0, found);
      buffered.erase(0, found + delimiter.size());
      co_return text;
    }
    const bool too_long =
        buffered.size() >= delimiter.size() && buffered.size() - delimiter.size() >= size_max;
    if (found != std::string::npos || too_long) {
      throw MessageTooLong(make_error_code(Errc::message_too_long), "read_until");
    }
    searched = buffered.size() < delimiter.size() ? 0 : buffered.size() - delimiter.size() + 1;
    std::array<std::byte, 2048> chunk;
    const std::size_t size = co_await stream.read_some(chunk);
    if (size == 0) throw EndOfStream(make_error_code(Errc::end_of_stream), "read_until");
    buffered.append(as_text(ConstBytes(chunk).first(size)));
  }
}

namespace detail {

template <class S>
Task<void> write_in_steps(S& stream, ConstBytes from) {
  while (!from.empty()) from = from.skip(co_await stream.write_some(from));
}

}  // namespace detail

// Writes all of `from`.
//
// Example (tests/examples/tcp_example.cpp, "greet"):
//
//   co_await write_all(stream, "hello\n");
//
// Cancellation: Cancellable; some bytes may have been transferred.
// Buffers:      `from` must stay valid until completion.
// Cost:         A stream that can do it in one operation, such as TcpStream, needs no frame.
template <WriteStream S>
auto write_all(S& stream, ConstBytes from) {
  if constexpr (requires { stream.write_all(from); }) {
    return stream.write_all(from);
  } else {
    return detail::write_in_steps(stream, from);
  }
}

// Copies from one stream to the other until the first one ends; gives the count of bytes. It reads
// only what it has written, so that a slow receiver slows the sender.
//
// Example (tests/examples/stream_example.cpp, "copy"):
//
//   std::uint64_t total = co_await copy(upload, file);
//
// Cancellation: Cancellable; some bytes may have been transferred.
template <ReadStream From, WriteStream To>
Task<std::uint64_t> copy(From& from, To& to) {
  std::array<std::byte, 16 * 1024> buffer;
  std::uint64_t total = 0;
  for (;;) {
    const std::size_t size = co_await from.read_some(buffer);
    if (size == 0) co_return total;
    ConstBytes rest = ConstBytes(buffer).first(size);
    while (!rest.empty()) rest = rest.skip(co_await to.write_some(rest));
    total += size;
  }
}

}  // namespace coil
