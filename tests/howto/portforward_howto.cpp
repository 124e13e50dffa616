// A proxy that forwards a port, as in twisted.protocols.portforward:
//
//   class Proxy(Protocol):
//       peer = None
//       def setPeer(self, peer):
//           self.peer = peer
//       def connectionLost(self, reason):
//           if self.peer is not None:
//               self.peer.transport.loseConnection()
//               self.peer = None
//       def dataReceived(self, data):
//           self.peer.transport.write(data)
//
//   class ProxyClient(Proxy):
//       def connectionMade(self):
//           self.peer.setPeer(self)
//           self.transport.registerProducer(self.peer.transport, True)
//           self.peer.transport.registerProducer(self.transport, True)
//           self.peer.transport.resumeProducing()
//
//   class ProxyClientFactory(ClientFactory):
//       protocol = ProxyClient
//       def buildProtocol(self, addr):
//           client = super().buildProtocol(addr)
//           client.setPeer(self.server)
//           return client
//       def clientConnectionFailed(self, connector, reason):
//           self.server.transport.loseConnection()
//
//   class ProxyServer(Proxy):
//       def connectionMade(self):
//           self.transport.pauseProducing()    # Until the other connection is there.
//           client = ProxyClientFactory()
//           client.server = self
//           reactor.connectTCP(self.factory.host, self.factory.port, client)
#include <string>

#include "support/contract.h"
#include "visitor.h"

using namespace coil;
using namespace coil::testing;

namespace {

class Proxy : public Protocol {
 public:
  void set_peer(std::shared_ptr<Proxy> peer) { peer_ = std::move(peer); }
  void connectionLost(const Failure&) override { close(std::exchange(peer_, nullptr)); }
  void dataReceived(ConstBytes data) override { peer_->connection()->write(data); }

 protected:
  static void close(const std::shared_ptr<Proxy>& proxy) {
    if (proxy != nullptr && proxy->connected()) proxy->connection()->loseConnection();
  }
  std::shared_ptr<Proxy> peer_;
};

class ProxyClient : public Proxy, public std::enable_shared_from_this<ProxyClient> {
 public:
  void connectionMade() override {
    Transport* const server = peer_->connection();
    if (server == nullptr) return transport().loseConnection();  // It did not wait for us.
    peer_->set_peer(shared_from_this());
    transport().registerProducer(*server, true);
    server->registerProducer(transport(), true);
    server->resumeProducing();
  }
};

class ProxyClientFactory : public ClientFactory {
 public:
  explicit ProxyClientFactory(std::shared_ptr<Proxy> server) : server_(std::move(server)) {}
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    auto client = std::make_shared<ProxyClient>();
    client->set_peer(server_);
    return client;
  }
  void clientConnectionFailed(Connector&, const Failure&) override {
    if (server_->connected()) server_->connection()->loseConnection();
  }

 private:
  std::shared_ptr<Proxy> server_;
};

class ProxyServer : public Proxy, public std::enable_shared_from_this<ProxyServer> {
 public:
  ProxyServer(Reactor* reactor, const Address& target) : reactor_(*reactor), target_(target) {}
  void connectionMade() override {
    transport().pauseProducing();  // Until the other connection is there.
    connectTCP(reactor_, target_, std::make_shared<ProxyClientFactory>(shared_from_this()));
  }

 private:
  Reactor& reactor_;
  Address target_;
};

class Shout : public LineReceiver {
  void lineReceived(std::string_view line) override {
    sendLine(std::string(line) + "!");
    if (line == "bye") transport().loseConnection();
  }
};

ListeningPort forward(Reactor& reactor, const Address& target) {
  return listenTCP(reactor, Address::loopback(0),
                   Factory::forProtocol<ProxyServer>(&reactor, target));
}

TEST_CASE("what is said to the proxy is said to the target, and its end ends both connections") {
  COIL_CONTRACT(reactor);
  auto program = [&]() -> Task<void> {
    ListeningPort target = listenTCP(*reactor, Address::loopback(0), Factory::forProtocol<Shout>());
    ListeningPort proxy = forward(*reactor, target.getHost());
    Visitor visitor = co_await visit(*reactor, proxy.getHost());
    co_await visitor.say("hello");
    const std::string answer = co_await visitor.hear();
    CHECK(answer == "hello!");
    co_await visitor.say("bye");
    const std::string rest = co_await visitor.hear_all();
    CHECK(rest == "bye!\r\n");
    co_await close_down(proxy);
    co_await close_down(target);
  };
  run(*reactor, program());
}

TEST_CASE("a visitor that leaves takes the connection to the target along") {
  COIL_CONTRACT(reactor);
  auto program = [&]() -> Task<void> {
    ListeningPort target = listenTCP(*reactor, Address::loopback(0), Factory::forProtocol<Shout>());
    ListeningPort proxy = forward(*reactor, target.getHost());
    Visitor visitor = co_await visit(*reactor, proxy.getHost());
    co_await visitor.say("hello");
    const std::string answer = co_await visitor.hear();
    CHECK(answer == "hello!");
    CHECK(target.connections() == 1);
    visitor.leave();
    while (target.connections() != 0) co_await yield();
    co_await close_down(proxy);
    co_await close_down(target);
  };
  run(*reactor, program());
}

TEST_CASE("the proxy closes the connection if nobody listens behind it") {
  COIL_CONTRACT(reactor);
  auto program = [&]() -> Task<void> {
    ListeningPort gone = listenTCP(*reactor, Address::loopback(0), Factory::forProtocol<Shout>());
    const Address nobody = gone.getHost();
    co_await gone.stopListening();
    ListeningPort proxy = forward(*reactor, nobody);
    Visitor visitor = co_await visit(*reactor, proxy.getHost());
    const std::string heard = co_await visitor.hear_all();
    CHECK(heard.empty());
    co_await close_down(proxy);
  };
  run(*reactor, program());
}

}  // namespace
