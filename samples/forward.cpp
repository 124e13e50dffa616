// A port forwarder in coroutine style: two copies per connection, one in each direction.
//
// Run it:  coil forward --listen tcp:8008 --connect tcp:127.0.0.1:8007 --style coroutine
// Read forward_protocol.cpp beside it: the same forwarder, the other face.
#include "common/samples.h"
#include "common/serving.h"

#include <coil/net/serve.h>
#include <coil/net/stream_algorithms.h>
#include <coil/net/tcp.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/task_group.h>

namespace samples {

namespace {

// copy() reads on when it has written: a receiver that does not read slows the sender down, and
// costs one buffer. The end is passed on; the other direction may still have much to say. What it
// carried is counted when it ends.
coil::Task<void> one_way(coil::TcpStream& from, coil::TcpStream& to, Counters& counters) {
  const std::uint64_t size = co_await coil::copy(from, to);
  counters.bytes += size;
  // A receiver that has gone already is news to the other direction.
  static_cast<void>(co_await coil::as_result(to.shutdown_write()));
}

// The group ends when both directions have, or with the first that fails; then both streams close.
coil::Task<void> forward_one(coil::TcpStream client, coil::Address target, Counters& counters) {
  const OpenConnection open(counters);
  coil::TcpStream server = co_await coil::TcpStream::connect(client.reactor(), target);
  auto both_ways = [&](coil::TaskGroup& group) -> coil::Task<void> {
    const auto counted = coil::outlives_group(counters);
    group.spawn(&one_way, coil::outlives_group(client), coil::outlives_group(server), counted);
    group.spawn(&one_way, coil::outlives_group(server), coil::outlives_group(client), counted);
    co_return;
  };
  co_await coil::with_task_group(both_ways);
}

}  // namespace

int forward(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  auto handler = [&](coil::TcpStream client) {
    return forward_one(std::move(client), options.connect, counters);
  };
  coil::TcpListener listener = coil::TcpListener::bind(reactor, options.listen);
  announce(reactor, listener.local_address(), "port forwarder, coroutine style");
  return run_server(reactor, counters, coil::serve(listener, handler));
}

}  // namespace samples
