// The examples of protocol.h, transport.h and ports.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "support/tcp_pair.h"

using namespace coil;

namespace {

std::string reported;

void report(const Failure& why) { reported = why.getErrorMessage(); }

// [echo]
class Echo : public Protocol {
  void dataReceived(ConstBytes data) override { transport().write(data); }
};
// [/echo]

// [half close]
class Upload : public Protocol, public HalfCloseableProtocol {
  void dataReceived(ConstBytes data) override { size_ += data.size(); }
  void readConnectionLost() override {  // The peer has sent everything.
    transport().write(std::to_string(size_));
    transport().loseConnection();
  }
  std::size_t size_ = 0;
};
// [/half close]

// [udp echo]
class UdpEcho : public DatagramProtocol {
  void datagramReceived(ConstBytes data, const Address& peer) override {
    transport().write(data, peer);
  }
};
// [/udp echo]

// [connect]
class Client : public ClientFactory {
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::make_shared<Echo>();
  }
  void clientConnectionFailed(Connector&, const Failure& why) override { report(why); }
};
// [/connect]

Task<void> listen(Reactor& reactor) {
  // [listen]
  auto factory = Factory::forProtocol<Echo>();
  ListeningPort port = listenTCP(reactor, Address::loopback(0), factory);
  std::puts(port.getHost().to_string().c_str());
  // [/listen]
  TcpStream client = co_await TcpStream::connect(reactor, port.getHost());
  co_await write_all(client, "hello");
  std::string back(5, '.');
  co_await read_exactly(client, back);
  CHECK(back == "hello");
  client.close();
  // [listen]
  co_await port.stopListening();
  // [/listen]
}

Task<void> connect_to_nobody(Reactor& reactor) {
  TcpListener closed = TcpListener::bind(reactor, Address::loopback(0));
  const Address server = closed.local_address();
  closed.close();
  auto factory = std::make_shared<Client>();
  // [connect]
  connectTCP(reactor, server, factory, ConnectOptions().set_timeout(std::chrono::seconds(3)));
  // [/connect]
  while (reported.empty()) co_await yield();
  CHECK(reported.find("refused") != std::string::npos);
  // [connect]
  std::shared_ptr<Connector> connector = connectTCP(reactor, server, factory);
  connector->disconnect();
  // [/connect]
}

Task<void> ask_by_datagram(Reactor& reactor, Address server) {
  DatagramSocket client = DatagramSocket::bind(reactor, Address::loopback(0));
  co_await client.send("hello", server);
  std::array<std::byte, 16> answer;
  const Datagram datagram = co_await client.receive(answer);
  CHECK(as_text(ConstBytes(answer).first(datagram.size())) == "hello");
}

Task<void> upload(Reactor& reactor) {
  auto factory = Factory::forProtocol<Upload>();
  ListeningPort port = listenTCP(reactor, Address::loopback(0), factory);
  TcpStream client = co_await TcpStream::connect(reactor, port.getHost());
  co_await write_all(client, "some bytes");
  co_await client.shutdown_write();
  CHECK(co_await testing::read_to_end(client) == "10");
  co_await port.stopListening();
}

}  // namespace

TEST_CASE("listen") {
  const auto reactor = make_reactor();
  run(*reactor, listen(*reactor));
}

TEST_CASE("connect") {
  const auto reactor = make_reactor();
  run(*reactor, connect_to_nobody(*reactor));
}

TEST_CASE("udp echo") {
  const auto reactor = make_reactor();
  auto port = listenUDP(*reactor, Address::loopback(0), std::make_shared<UdpEcho>());
  run(*reactor, ask_by_datagram(*reactor, port->getHost()));
  port->stopListening();
}

TEST_CASE("half close") {
  const auto reactor = make_reactor();
  run(*reactor, upload(*reactor));
}
