// The examples of shared_port.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <coil/threads.h>
#include <doctest/doctest.h>

using namespace coil;

namespace {

Task<void> echo(TcpStream stream) {
  for (;;) {
    const BufferLease data = co_await stream.receive();
    if (data.empty()) co_return;
    co_await write_all(stream, data.bytes());
  }
}

class Echo : public Protocol {
 public:
  void dataReceived(ConstBytes data) override { transport().write(data); }
};

Task<void> serve_own(Reactor& reactor, std::size_t index, SharedPort port) {
  // [share]
  PortShare share = port.take(reactor, index);
  co_await serve(share, &echo);
  // [/share]
}

Task<void> serve_with_protocols(Reactor& reactor, std::size_t index, SharedPort port) {
  // [protocols]
  PortShare share = port.take(reactor, index);
  co_await serve_protocols(share, Factory::forProtocol<Echo>());
  // [/protocols]
}

Task<void> ask(Reactor& reactor, Address server) {
  for (int peer = 0; peer < 4; ++peer) {
    TcpStream stream = co_await TcpStream::connect(reactor, server);
    co_await write_all(stream, "hello");
    std::string answer(5, '.');
    co_await read_exactly(stream, answer);
    CHECK(answer == "hello");
  }
}

}  // namespace

TEST_CASE("shared port") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  Reactor& reactor = *owner;
  // [shared port]
  ReactorGroup workers(ReactorGroupOptions().set_size(2));
  SharedPort port = SharedPort::bind(reactor, Address::loopback(0), workers.size());
  auto body = [](Reactor& own, std::size_t index, SharedPort shared) -> Task<void> {
    PortShare share = shared.take(own, index);
    co_await serve(share, &echo);
  };
  workers.start(body, port);
  // [/shared port]
  run(reactor, ask(reactor, port.local_address()));
}

TEST_CASE("a share in both styles, handed round") {
  const std::unique_ptr<Reactor> reactor = make_reactor();
  // [options]
  auto options = SharedPortOptions().set_spread(Spread::hand_round);
  // [/options]
  for (const bool protocols : {false, true}) {
    ReactorGroup workers(ReactorGroupOptions().set_size(2));
    SharedPort port = SharedPort::bind(*reactor, Address::loopback(0), 2, options);
    workers.start(protocols ? &serve_with_protocols : &serve_own, port);
    run(*reactor, ask(*reactor, port.local_address()));
  }
}
