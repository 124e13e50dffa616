// The examples of reconnecting_client_factory.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <chrono>
#include <memory>

using namespace coil;

namespace {

class Echo : public Protocol {
  void dataReceived(ConstBytes data) override { transport().write(data); }
};

// [reconnect]
class Persistent : public ReconnectingClientFactory {
 public:
  using ReconnectingClientFactory::ReconnectingClientFactory;
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    resetDelay();  // The server is there: begin with short waits.
    return std::make_shared<Echo>();
  }
};
// [/reconnect]

Task<void> come_back(Reactor& reactor, TcpListener& listener) {
  // [options]
  ReconnectOptions options;
  options.set_initial_delay(std::chrono::milliseconds(200)).set_max_retries(10);
  // [/options]
  options.set_initial_delay(std::chrono::milliseconds(1));
  auto factory = std::make_shared<Persistent>(options);
  auto connector = connectTCP(reactor, listener.local_address(), factory);
  for (int round = 0; round < 2; ++round) {
    const TcpStream stream = co_await listener.accept();
    CHECK(stream.is_open());
  }
  factory->stopTrying();
  while (connector->state() != Connector::State::disconnected) co_await yield();
}

}  // namespace

TEST_CASE("reconnect") {
  const auto reactor = make_reactor();
  TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
  run(*reactor, come_back(*reactor, listener));
}
