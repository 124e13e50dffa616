// The examples of endpoint_service.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <memory>

using namespace coil;

namespace {

class Silent : public Protocol {
  void dataReceived(ConstBytes) override {}
};

Task<void> listen(Reactor& reactor) {
  const auto factory = Factory::forProtocol<Silent>();
  // [listen]
  auto web = std::make_shared<StreamServerEndpointService>(
      reactor, serverFromString(reactor, "tcp:0:interface=127.0.0.1"), factory);
  co_await web->startService();
  std::printf("%s\n", web->port()->getHost().to_string().c_str());
  // [/listen]
  TcpStream client = co_await TcpStream::connect(reactor, web->port()->getHost());
  client.abort();
  // [listen]
  co_await web->stopService();
  // [/listen]
}

}  // namespace

TEST_CASE("listen") {
  const auto reactor = make_reactor();
  run(*reactor, listen(*reactor));
}
