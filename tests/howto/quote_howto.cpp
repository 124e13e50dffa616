// The quote of the day, from Twisted's how-to on servers:
//
//   class QOTD(Protocol):
//       def connectionMade(self):
//           self.transport.write(self.factory.quote + b"\r\n")
//           self.transport.loseConnection()
//
//   class QOTDFactory(Factory):
//       protocol = QOTD
//       def __init__(self, quote=None):
//           self.quote = quote or b"An apple a day keeps the doctor away"
//
//   TCP4ServerEndpoint(reactor, 8007).listen(QOTDFactory(b"configurable quote"))
#include "support/contract.h"
#include "visitor.h"

using namespace coil;
using namespace coil::testing;

namespace {

class Quote : public Protocol {
 public:
  explicit Quote(std::string quote) : quote_(std::move(quote)) {}
  void connectionMade() override {
    transport().write(quote_ + "\r\n");
    transport().loseConnection();
  }
  void dataReceived(ConstBytes) override {}

 private:
  std::string quote_;
};

class QuoteFactory : public Factory {
 public:
  explicit QuoteFactory(std::string quote = "An apple a day keeps the doctor away")
      : quote_(std::move(quote)) {}
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::make_shared<Quote>(quote_);
  }

 private:
  std::string quote_;
};

TEST_CASE("every visitor gets the quote and a closed connection") {
  COIL_CONTRACT(reactor);
  auto program = [&]() -> Task<void> {
    TcpServerEndpoint endpoint(*reactor, Address::loopback(0));
    ListeningPort usual = co_await endpoint.listen(std::make_shared<QuoteFactory>());
    ListeningPort own = co_await endpoint.listen(std::make_shared<QuoteFactory>("Less is more"));
    Visitor first = co_await visit(*reactor, usual.getHost());
    const std::string usual_quote = co_await first.hear_all();
    CHECK(usual_quote == "An apple a day keeps the doctor away\r\n");
    Visitor second = co_await visit(*reactor, own.getHost());
    const std::string own_quote = co_await second.hear_all();
    CHECK(own_quote == "Less is more\r\n");
    co_await close_down(usual);
    co_await close_down(own);
  };
  run(*reactor, program());
}

}  // namespace
