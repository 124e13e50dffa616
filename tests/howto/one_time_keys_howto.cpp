// A server that gives each visitor a key that nobody else gets, and has a log while it runs, as the
// factories of Twisted's how-to on servers have:
//
//   class OneTimeKey(Protocol):
//       def connectionMade(self):
//           self.transport.write(self.factory.keys.pop() + b"\r\n")
//           self.transport.loseConnection()
//
//   class OneTimeKeyFactory(Factory):
//       protocol = OneTimeKey
//       def __init__(self, keys):
//           self.keys = keys
//       def startFactory(self):
//           self.log("open")
//       def stopFactory(self):
//           self.log("closed")
//       def buildProtocol(self, addr):
//           if self.keys:
//               return super().buildProtocol(addr)
#include <string>
#include <vector>

#include "support/contract.h"
#include "visitor.h"

using namespace coil;
using namespace coil::testing;

namespace {

using Strings = std::vector<std::string>;

class OneTimeKey : public Protocol {
 public:
  explicit OneTimeKey(std::string key) : key_(std::move(key)) {}
  void connectionMade() override {
    transport().write(key_ + "\r\n");
    transport().loseConnection();
  }
  void dataReceived(ConstBytes) override {}

 private:
  std::string key_;
};

class OneTimeKeyFactory : public Factory {
 public:
  explicit OneTimeKeyFactory(Strings keys) : keys_(std::move(keys)) {}
  void startFactory() override { log.push_back("open"); }
  void stopFactory() override { log.push_back("closed"); }
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    if (keys_.empty()) return nullptr;
    auto protocol = std::make_shared<OneTimeKey>(std::move(keys_.back()));
    keys_.pop_back();
    return protocol;
  }
  Strings log;

 private:
  Strings keys_;
};

TEST_CASE("no key is given twice, and without keys the connection is refused") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<OneTimeKeyFactory>(Strings{"second", "first"});
  auto program = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
    CHECK(factory->log == Strings{"open"});
    Strings heard;
    for (int visits = 0; visits < 3; ++visits) {
      Visitor visitor = co_await visit(*reactor, port.getHost());
      heard.push_back(co_await visitor.hear_all());
    }
    CHECK(heard == Strings{"first\r\n", "second\r\n", ""});
    co_await close_down(port);
  };
  run(*reactor, program());
  CHECK(factory->log == Strings{"open", "closed"});
}

}  // namespace
