// The examples of datagram.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <array>
#include <vector>

using namespace coil;

namespace {

Task<void> echo(Reactor& reactor, Address& where, Event& bound) {
  // [options]
  DatagramOptions options = DatagramOptions().set_broadcast(true);
  // [/options]
  static_cast<void>(DatagramSocket::bind(reactor, Address::loopback(0), options));
  // [echo]
  DatagramSocket socket = DatagramSocket::bind(reactor, Address::loopback(0));
  std::vector<std::byte> buffer(DatagramSocket::size_max);
  // [/echo]
  where = socket.local_address();
  bound.set();
  // [echo]
  for (;;) {
    Datagram datagram = co_await socket.receive(buffer);
    co_await socket.send(ConstBytes(buffer).first(datagram.size()), datagram.sender());
  }
  // [/echo]
}

}  // namespace

TEST_CASE("echo") {
  const auto reactor = make_reactor();
  auto body = [&](TaskGroup& group) -> Task<void> {
    Address where;
    Event bound;
    auto ask = [&]() -> Task<void> {
      co_await bound.wait();
      DatagramSocket client = DatagramSocket::bind(*reactor, Address::loopback(0));
      co_await client.send("hello", where);
      std::array<std::byte, 16> answer;
      const Datagram datagram = co_await client.receive(answer);
      CHECK(as_text(ConstBytes(answer).first(datagram.size())) == "hello");
    };
    const auto race = co_await when_any(echo(*reactor, where, bound), ask());
    CHECK(race.first() == 1);
    group.cancel();
  };
  run(*reactor, with_task_group(body));
}
