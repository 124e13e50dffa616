// A TCP echo server in coroutine style: one task per connection.
//
// Run it:  coil echo --listen tcp:8007 --style coroutine [--workers 2]
// Read echo_protocol.cpp beside it: the same server, the other face.
#include "common/samples.h"
#include "common/serving.h"
#include "common/workers.h"

#include <coil/net/serve.h>
#include <coil/net/stream_algorithms.h>
#include <coil/net/tcp.h>

namespace samples {

namespace {

// Reads, writes back, reads again. What is not written back yet is not read on: a client that does
// not read is not read from, and costs one buffer.
coil::Task<void> echo(coil::TcpStream stream, Counters& counters) {
  for (;;) {
    const coil::BufferLease data = co_await stream.receive();
    if (data.empty()) co_return;  // The client has sent everything.
    ++counters.messages;
    counters.bytes += data.size();
    co_await coil::write_all(stream, data.bytes());
  }
}

coil::Task<void> counted_echo(coil::TcpStream stream, Counters& counters) {
  const OpenConnection open(counters);
  co_await echo(std::move(stream), counters);
}

// `listener` is the server's own, or a worker's share of one port.
template <class Listener>
coil::Task<void> serve(Listener listener, Counters& counters) {
  auto handler = [&counters](coil::TcpStream stream) {
    return counted_echo(std::move(stream), counters);
  };
  co_await coil::serve(listener, handler);
}

}  // namespace

int echo_server(coil::Reactor& reactor, const ServerOptions& options) {
  constexpr const char* what = "TCP echo, coroutine style";
  if (options.workers > 1) return run_workers(reactor, options, what, &serve<coil::PortShare>);
  Counters counters;
  coil::TcpListener listener = coil::TcpListener::bind(reactor, options.listen);
  announce(reactor, listener.local_address(), what);
  return run_server(reactor, counters, serve(std::move(listener), counters));
}

}  // namespace samples
