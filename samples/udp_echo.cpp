// A UDP echo server in coroutine style: one task, one socket, any number of peers.
//
// Run it:  coil udp-echo --listen udp:8007 --style coroutine
#include "common/samples.h"
#include "common/serving.h"

#include <coil/net/datagram.h>
#include <coil/runtime/as_result.h>

#include <vector>

namespace samples {

namespace {

coil::Task<void> echo(coil::DatagramSocket socket, Counters& counters) {
  std::vector<std::byte> buffer(coil::DatagramSocket::size_max);
  for (;;) {
    const coil::Datagram datagram = co_await socket.receive(buffer);
    const coil::ConstBytes data = coil::ConstBytes(buffer).first(datagram.size());
    ++counters.messages;
    counters.bytes += data.size();
    // A peer that cannot be reached is that peer's affair: the next datagram is served.
    static_cast<void>(co_await coil::as_result(socket.send(data, datagram.sender())));
  }
}

}  // namespace

int udp_echo(coil::Reactor& reactor, const ServerOptions& options) {
  Counters counters;
  coil::DatagramSocket socket = coil::DatagramSocket::bind(reactor, options.listen);
  announce(reactor, socket.local_address(), "UDP echo, coroutine style");
  return run_server(reactor, counters, echo(std::move(socket), counters));
}

}  // namespace samples
