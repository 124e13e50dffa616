// What the contract about standard streams asks of Windows in its own way, or cannot ask of it.
#include <coil/process/stdio.h>

#include <stdexcept>

#include "support/contract.h"
#include "support/standard_streams.h"

using namespace coil;
using namespace coil::testing;

TEST_CASE("other processes that share a pipe do not see it become non-blocking") {
  note_skip("blocking modes", "whether calls of a handle block is settled when Windows makes it");
}

TEST_CASE("standard streams over one socket are its two sides") {
  note_skip("sockets", "a socket that is shared cannot get a completion port of one process");
}

TEST_CASE("a protocol that reads a socket and writes a pipe answers through the pipe") {
  note_skip("sockets", "a socket that is shared cannot get a completion port of one process");
}

TEST_CASE("what cannot be standard streams is refused") {
  COIL_KERNEL_CONTRACT(reactor, "standard streams");
  const RawPipe pipe;
  const auto open = [&](const StdioOptions& options) {
    static_cast<void>(StdioTransport::open(*reactor, options));
  };
  const StdioOptions pipes = over(pipe.reading, pipe.writing);
  CHECK_THROWS_AS(open(StdioOptions(pipes).set_raw(true)), std::invalid_argument);
  CHECK_THROWS_AS(open(StdioOptions(pipes).set_input(NativeHandle(9999))), SystemError);
}
