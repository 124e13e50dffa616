// A UDP client that sends datagrams, waits for each to return, and tells how many did.
//
// Run it:  coil udp-ping --connect udp:127.0.0.1:8007 --count 10 --size 1000
#include "common/samples.h"

#include <coil/net/datagram.h>
#include <coil/runtime/as_result.h>
#include <coil/runtime/run.h>
#include <coil/runtime/timeout.h>

#include <cstdio>
#include <vector>

namespace samples {

namespace {

std::vector<std::byte> payload_of(std::size_t number, std::size_t size) {
  std::vector<std::byte> payload(size);
  for (std::size_t at = 0; at < size; ++at) payload[at] = static_cast<std::byte>(number + at);
  return payload;
}

// Sends one datagram and waits for that very one; earlier late ones are passed over.
coil::Task<bool> ping(coil::DatagramSocket& socket, std::vector<std::byte> payload) {
  std::vector<std::byte> reply(coil::DatagramSocket::size_max);
  co_await socket.send(payload);
  for (;;) {
    const coil::Datagram datagram = co_await socket.receive(reply);
    const std::vector<std::byte> got(reply.begin(),
                                     reply.begin() + static_cast<std::ptrdiff_t>(datagram.size()));
    if (got == payload) co_return true;
  }
}

coil::Task<std::size_t> ping_all(coil::Reactor& reactor, const ClientOptions& options) {
  const coil::Address local =
      options.connect.ip().is_v6() ? coil::Address::any_v6(0) : coil::Address::any(0);
  coil::DatagramSocket socket = coil::DatagramSocket::bind(reactor, local);
  socket.connect(options.connect);
  std::size_t returned = 0;
  for (std::size_t number = 0; number < options.messages; ++number) {
    const coil::Result<bool> came = co_await coil::as_result(
        coil::with_timeout(options.timeout, ping(socket, payload_of(number, options.size))));
    if (came) {
      ++returned;
    } else {
      std::fprintf(stderr, "coil: datagram %zu: %s\n", number, came.error().message().c_str());
    }
  }
  co_return returned;
}

}  // namespace

int udp_ping(coil::Reactor& reactor, const ClientOptions& options) {
  const std::size_t returned = coil::run(reactor, ping_all(reactor, options));
  std::printf("%zu of %zu datagrams of %zu bytes came back from %s\n", returned, options.messages,
              options.size, options.connect.to_string().c_str());
  return returned == options.messages ? 0 : 1;
}

}  // namespace samples
