// StdioTransport and StandardIO: the program's standard streams, awaited or as a Protocol.
#pragma once

#include <coil/net/pipe.h>
#include <coil/net/protocol.h>
#include <coil/runtime/buffer.h>
#include <coil/runtime/native_handle.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <memory>
#include <span>

namespace coil {

// StdioOptions: which descriptors, and how a terminal behaves.
//
// Example (tests/examples/stdio_example.cpp, "keys"):
//
//   StdioTransport stdio = StdioTransport::open(reactor, StdioOptions().set_raw(true));
class StdioOptions {
 public:
  StdioOptions() noexcept {}
  // The descriptor to read from: standard input unless set.
  StdioOptions& set_input(NativeHandle handle) noexcept {
    input = handle;
    return *this;
  }
  // The descriptor to write to: standard output unless set.
  StdioOptions& set_output(NativeHandle handle) noexcept {
    output = handle;
    return *this;
  }
  // A terminal gives each key as it is pressed, without echo; its modes are put back at the end.
  StdioOptions& set_raw(bool value) noexcept {
    raw = value;
    return *this;
  }
  NativeHandle input = NativeHandle(0);
  NativeHandle output = NativeHandle(1);
  bool raw = false;
};

namespace detail {

// The descriptors behind a pair of standard streams: what is changed about them is put back when it
// goes, and also at the end of a program that crashes.
class StdioDescriptors {
 public:
  explicit StdioDescriptors(const StdioOptions& options);
  StdioDescriptors(const StdioDescriptors&) = delete;
  StdioDescriptors& operator=(const StdioDescriptors&) = delete;
  ~StdioDescriptors();

  // A handle of this process's own on the same file, terminal, pipe or socket, that does not block.
  PipeReader reader(Reactor& reactor);
  PipeWriter writer(Reactor& reactor);
  bool input_is_terminal() const noexcept;
  bool output_is_terminal() const noexcept;
  // Closes the program's own descriptor, so that its other side sees the end. The number leads
  // nowhere afterwards, and is not used again for something else.
  void end_input() noexcept { end(input_); }
  void end_output() noexcept;

 private:
  static void end(NativeHandle handle) noexcept;

  NativeHandle input_;
  NativeHandle output_;
  bool raw_;
};

}  // namespace detail

// StdioTransport: standard input and output as one ByteStream.
//
// Example (tests/examples/stdio_example.cpp, "shout"):
//
//   Task<void> shout(StdioTransport& stdio) {
//     LineParser lines("\n");
//     while (std::optional<std::string> line = co_await read_line(stdio, lines)) {
//       for (char& letter : *line) letter = static_cast<char>(std::toupper(letter));
//       co_await write_all(stdio, *line + "\n");
//     }
//   }
//
// Requires:   A real reactor. Nobody else reads the descriptor meanwhile.
// Guarantees: Terminals, pipes, sockets and files alike. What other processes have of the same
//             descriptor does not change where the system can open it anew (pipes and terminals on
//             Linux); elsewhere its blocking mode does, until the end. At the end, and when the
//             program crashes, modes are as they were. Destroying it leaves the descriptors open.
//             On Windows a descriptor is one of the C library, and a socket is refused.
// Cost:       A file blocks as long as its disk takes; on Windows each way takes a thread instead.
// Source:     Twisted's StandardIO; open(2) of /proc/self/fd.
class StdioTransport {
 public:
  // Errors: SystemError for a descriptor that is not open; UnsupportedSocketType for a socket that
  //         has no stream; std::invalid_argument for raw input that is no terminal.
  static StdioTransport open(Reactor& reactor, StdioOptions options = StdioOptions());

  // As the functions of PipeReader and PipeWriter.
  auto read_some(MutableBytes into) { return reader_.read_some(into); }
  auto receive() { return reader_.receive(); }
  auto write_some(ConstBytes from) { return writer_.write_some(from); }
  auto write_some(std::span<const ConstBytes> pieces) { return writer_.write_some(pieces); }
  auto write_all(ConstBytes from) { return writer_.write_all(from); }
  // Closes standard output: its reader finds the end.
  //
  // Cancellation: Not cancellable; completes promptly.
  Task<void> shutdown_write();
  // Closes both.
  void close() noexcept;

  bool input_is_terminal() const noexcept { return descriptors_->input_is_terminal(); }
  bool output_is_terminal() const noexcept { return descriptors_->output_is_terminal(); }

 private:
  StdioTransport(Reactor& reactor, std::unique_ptr<detail::StdioDescriptors> descriptors);

  std::unique_ptr<detail::StdioDescriptors> descriptors_;  // Outlives the two that follow.
  PipeReader reader_;
  PipeWriter writer_;
};

// StandardIO: drives a Protocol over the standard streams.
//
// Example (tests/examples/stdio_example.cpp, "calculator"):
//
//   StandardIO(reactor, std::make_shared<Calculator>());
//
// Guarantees: As for any connection. The end of standard input is readConnectionLost for a protocol
//             that is half-closeable, and else loseConnection: what was written still goes out.
//             After connectionLost both descriptors are closed. The connection lives without this
//             object.
// Errors:     As StdioTransport::open.
// Source:     Twisted's StandardIO.
class StandardIO {
 public:
  StandardIO(Reactor& reactor, std::shared_ptr<Protocol> protocol,
             StdioOptions options = StdioOptions());
};

}  // namespace coil
