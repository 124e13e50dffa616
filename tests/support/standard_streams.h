// A program's standard streams, as a test of them has both sides.
#pragma once

#include <coil/net/pipe.h>
#include <coil/process/stdio.h>
#include <coil/runtime.h>

#include "support/descriptors.h"

namespace coil::testing {

inline StdioOptions over(const Descriptor& input, const Descriptor& output) {
  return StdioOptions().set_input(input.handle()).set_output(output.handle());
}

// A program's two standard streams, and the other side of them.
class Streams {
 public:
  explicit Streams(Reactor& reactor)
      : keyboard(reactor, in_.writing.take()), screen(reactor, out_.reading.take()) {}
  StdioOptions options() const { return over(in_.reading, out_.writing); }
  const Descriptor& input() const { return in_.reading; }
  const Descriptor& output() const { return out_.writing; }

 private:
  // The other side does not block; that is no concern of the program's.
  static RawPipe made(bool reading) {
    RawPipe pipe;
    unblock(reading ? pipe.reading : pipe.writing);
    return pipe;
  }
  RawPipe in_ = made(false);
  RawPipe out_ = made(true);

 public:
  PipeWriter keyboard;
  PipeReader screen;
};

template <class Body>
void with_stdio(Reactor& reactor, Body body) {
  auto all = [&]() -> Task<void> {
    Streams streams(reactor);
    StdioTransport stdio = StdioTransport::open(reactor, streams.options());
    co_await body(streams, stdio);
  };
  run(reactor, all());
}

}  // namespace coil::testing
