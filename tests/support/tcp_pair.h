// A connected pair of TCP streams on the reactor under test.
#pragma once

#include <coil/net.h>
#include <coil/runtime.h>

#include <cstddef>
#include <string>
#include <utility>

namespace coil::testing {

class Pair {
 public:
  TcpStream here;
  TcpStream there;
};

// One that ends with a reset, which leaves no port in TIME_WAIT: a test that makes many can be
// repeated without running out of them.
class BriefPair : public Pair {
 public:
  BriefPair() {}
  BriefPair(const BriefPair&) = delete;
  BriefPair& operator=(const BriefPair&) = delete;
  ~BriefPair() {
    here.abort();
    there.abort();
  }
};

// Connects both ends of `pair` over a listener at `at`.
inline Task<void> make_pair(Reactor& reactor, Pair& pair, Address at = Address::loopback(0)) {
  TcpListener listener = TcpListener::bind(reactor, at);
  auto accept = [&]() -> Task<void> { pair.there = co_await listener.accept(); };
  auto connect = [&]() -> Task<void> {
    pair.here = co_await TcpStream::connect(reactor, listener.local_address());
  };
  co_await when_all(accept(), connect());
}

// Runs body(pair) with a connected pair.
template <class Body>
void with_pair(Reactor& reactor, Body body) {
  auto all = [&]() -> Task<void> {
    BriefPair pair;
    co_await make_pair(reactor, pair);
    co_await body(pair);
  };
  run(reactor, all());
}

// What comes until the end of the stream.
inline Task<std::string> read_to_end(TcpStream& stream) {
  std::string text;
  for (;;) {
    const BufferLease lease = co_await stream.receive();
    if (lease.empty()) co_return text;
    text += as_text(lease.bytes());
  }
}

// Writes for ever; `total` counts what the kernel took. Ends with the error of a write.
inline Task<void> write_endlessly(TcpStream& stream, std::size_t& total) {
  const std::string block(64 * 1024, 'x');
  for (;;) total += co_await stream.write_some(block);
}

// Waits until `total` no longer grows: for a peer that does not read, until all buffers are full.
inline Task<void> until_settled(const std::size_t& total) {
  for (int unchanged = 0; unchanged < 20; ++unchanged) {
    const std::size_t before = total;
    co_await sleep(Duration::zero());
    if (total != before) unchanged = 0;
  }
}

}  // namespace coil::testing
