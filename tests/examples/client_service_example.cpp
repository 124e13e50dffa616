// The examples of client_service.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <memory>

using namespace coil;

namespace {

class Silent : public Protocol {
  void dataReceived(ConstBytes) override {}
};

Task<void> keep_connected(Reactor& reactor, Address server) {
  const auto factory = Factory::forProtocol<Silent>();
  // [client service]
  const auto in_a_second = [](unsigned) { return std::chrono::seconds(1); };
  ClientServiceOptions options = ClientServiceOptions().set_retry_policy(in_a_second);
  auto service = std::make_shared<ClientService>(
      reactor, std::make_unique<TcpClientEndpoint>(reactor, server), factory, options);
  co_await service->startService();
  std::shared_ptr<Protocol> protocol = co_await service->whenConnected();
  // [/client service]
  CHECK(protocol->connection()->getPeer() == server);
  // [client service]
  co_await service->stopService();
  // [/client service]
}

}  // namespace

TEST_CASE("client service") {
  const auto reactor = make_reactor();
  const TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
  run(*reactor, keep_connected(*reactor, listener.local_address()));
}
