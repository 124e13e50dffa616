// The echo server and client of Twisted's how-tos:
//
//   class Echo(Protocol):
//       def dataReceived(self, data):
//           self.transport.write(data)
//
//   class EchoClient(Protocol):
//       def connectionMade(self):
//           self.transport.write(b"hello, world!")
//       def dataReceived(self, data):
//           print("Server said:", data)
//           self.transport.loseConnection()
//
//   endpoint.connect(Factory.forProtocol(EchoClient))
#include "support/contract.h"
#include "visitor.h"

using namespace coil;
using namespace coil::testing;

namespace {

class Echo : public Protocol {
  void dataReceived(ConstBytes data) override { transport().write(data); }
};

class EchoClient : public Protocol {
 public:
  explicit EchoClient(std::string* printed) : printed_(*printed) {}
  void connectionMade() override { transport().write("hello, world!"); }
  void dataReceived(ConstBytes data) override {
    printed_ += as_text(data);
    if (printed_.ends_with('!')) transport().loseConnection();
  }

 private:
  std::string& printed_;
};

TEST_CASE("the echo client hears what it said") {
  COIL_CONTRACT(reactor);
  std::string printed;
  auto program = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), Factory::forProtocol<Echo>());
    TcpClientEndpoint endpoint(*reactor, port.getHost());
    auto client = co_await endpoint.connect(Factory::forProtocol<EchoClient>(&printed));
    while (client->connected()) co_await yield();
    co_await close_down(port);
  };
  run(*reactor, program());
  CHECK(printed == "hello, world!");
}

}  // namespace
