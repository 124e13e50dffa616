// Lines and frames of any stream of bytes, read one after the other.
#pragma once

#include <coil/net/byte_stream.h>
#include <coil/net/frame_parser.h>
#include <coil/net/line_parser.h>
#include <coil/runtime/error.h>
#include <coil/runtime/task.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>

namespace coil {

namespace detail {

template <ReadStream S, class P>
Task<std::optional<std::string>> read_parsed(S& stream, P& parser, const char* what) {
  for (;;) {
    if (const auto item = parser.pop()) co_return to_string(*item);
    if (parser.error()) throw_error(parser.error(), what);
    std::size_t size = 0;
    if constexpr (requires { stream.receive(); }) {
      const auto lease = co_await stream.receive();
      size = lease.bytes().size();
      parser.push(lease.bytes());
    } else {
      std::array<std::byte, 4096> chunk;
      size = co_await stream.read_some(chunk);
      parser.push(ConstBytes(chunk).first(size));
    }
    if (size != 0) continue;
    if (parser.empty()) co_return std::nullopt;
    throw EndOfStream(make_error_code(Errc::end_of_stream), what);
  }
}

}  // namespace detail

// Reads the next line; nothing is the end of the stream. What came behind the line stays in
// `parser` for the next call.
//
// Example (tests/examples/framing_example.cpp, "read lines"):
//
//   LineParser parser;
//   while (std::optional<std::string> line = co_await read_line(stream, parser)) use(*line);
//
// Requires:     `parser` outlives the call.
// Errors:       MessageTooLong for a line longer than the parser's limit, again at the next call;
//               EndOfStream if the stream ends within a line. The bytes are in the parser.
// Cancellation: Cancellable; some bytes may have been transferred. They are in the parser.
template <ReadStream S>
Task<std::optional<std::string>> read_line(S& stream, LineParser& parser) {
  return detail::read_parsed(stream, parser, "read_line");
}

// Reads the next frame, of a NetstringParser or a LengthPrefixParser, in the same way.
//
// Example (tests/examples/framing_example.cpp, "read frames"):
//
//   LengthPrefixParser<std::uint32_t> parser(1024 * 1024);
//   while (std::optional<std::string> frame = co_await read_frame(stream, parser)) use(*frame);
//
// Requires:     `parser` outlives the call.
// Errors:       MessageTooLong for a frame longer than the parser's limit; SystemError with
//               std::errc::bad_message for what is no frame; EndOfStream if the stream ends within
//               one. The bytes are in the parser.
// Cancellation: Cancellable; some bytes may have been transferred. They are in the parser.
template <ReadStream S, std::derived_from<detail::Parser> P>
Task<std::optional<std::string>> read_frame(S& stream, P& parser) {
  return detail::read_parsed(stream, parser, "read_frame");
}

}  // namespace coil
