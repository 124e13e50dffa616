// The client that comes back, from Twisted's how-to on clients:
//
//   class EchoClientFactory(ReconnectingClientFactory):
//       def startedConnecting(self, connector):
//           print("Started to connect.")
//       def buildProtocol(self, addr):
//           print("Connected.")
//           print("Resetting reconnection delay")
//           self.resetDelay()
//           return Echo()
//       def clientConnectionLost(self, connector, reason):
//           print("Lost connection.  Reason:", reason)
//           super().clientConnectionLost(connector, reason)
//       def clientConnectionFailed(self, connector, reason):
//           print("Connection failed. Reason:", reason)
//           super().clientConnectionFailed(connector, reason)
#include <coil/testing/clock.h>

#include <string>
#include <vector>

#include "support/contract.h"
#include "visitor.h"

using namespace coil;
using namespace coil::testing;

namespace {

using Printed = std::vector<std::string>;

class Echo : public Protocol {
  void dataReceived(ConstBytes data) override { transport().write(data); }
};

class EchoClientFactory : public ReconnectingClientFactory {
 public:
  using ReconnectingClientFactory::ReconnectingClientFactory;

  void startedConnecting(Connector& connector) override {
    printed.push_back("Started to connect.");
    ReconnectingClientFactory::startedConnecting(connector);
  }
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    printed.push_back("Connected.");
    resetDelay();
    return std::make_shared<Echo>();
  }
  void clientConnectionLost(Connector& connector, const Failure& reason) override {
    printed.push_back("Lost connection.");
    ReconnectingClientFactory::clientConnectionLost(connector, reason);
  }
  void clientConnectionFailed(Connector& connector, const Failure& reason) override {
    printed.push_back("Connection failed.");
    ReconnectingClientFactory::clientConnectionFailed(connector, reason);
  }

  Printed printed;
};

Task<void> until_last(const Printed& printed, std::string line) {
  while (printed.empty() || printed.back() != line) co_await yield();
}

TEST_CASE("a client that lost its server, and failed to reach it, comes back") {
  COIL_CONTRACT(reactor);
  Clock clock;
  auto client = std::make_shared<EchoClientFactory>(ReconnectOptions().set_time(clock));
  auto program = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    const Address server = listener.local_address();
    auto connector = connectTCP(*reactor, server, client);
    TcpStream stream = co_await listener.accept();
    co_await until_last(client->printed, "Connected.");
    listener.close();
    stream.abort();  // With a reset, so that the port is free at once.
    co_await until_last(client->printed, "Lost connection.");
    clock.advance(client->delay());
    co_await until_last(client->printed, "Connection failed.");
    listener = TcpListener::bind(*reactor, server);
    clock.advance(client->delay());
    stream = co_await listener.accept();
    co_await until_last(client->printed, "Connected.");
    client->stopTrying();
    connector->disconnect();
    co_await until_last(client->printed, "Lost connection.");
  };
  run(*reactor, program());
  CHECK(client->printed == Printed{"Started to connect.", "Connected.", "Lost connection.",
                                   "Started to connect.", "Connection failed.",
                                   "Started to connect.", "Connected.", "Lost connection."});
}

}  // namespace
