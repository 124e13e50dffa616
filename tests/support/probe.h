// A protocol that notes what happens to it, and the port that serves it.
#pragma once

#include <coil/net.h>
#include <coil/runtime.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/tcp_pair.h"

namespace coil::testing {

using Strings = std::vector<std::string>;

// What a test wants to know of a connection, and what it does in its callbacks.
class Probe : public Protocol {
 public:
  explicit Probe(Strings* notes) : seen(*notes) {}
  void connectionMade() override {
    seen.push_back("made");
    if (on_made) on_made(transport());
  }
  void dataReceived(ConstBytes data) override {
    received += as_text(data);
    if (on_data) on_data(transport());
  }
  void connectionLost(const Failure& reason) override {
    why = reason;
    seen.push_back("lost");
  }
  Transport& line() { return transport(); }

  Strings& seen;
  std::string received;
  Failure why;
  std::function<void(Transport&)> on_made;
  std::function<void(Transport&)> on_data;
};

class ProbeFactory : public Factory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    if (refuses) return nullptr;
    auto probe = std::make_shared<Probe>(&seen);
    if (prepare) prepare(*probe);
    probes.push_back(probe);
    return probe;
  }
  void startFactory() override { seen.push_back("start"); }
  void stopFactory() override { seen.push_back("stop"); }

  Strings seen;
  bool refuses = false;
  std::function<void(Probe&)> prepare;
  std::vector<std::shared_ptr<Probe>> probes;
};

// Runs body(client) against a listening port; the port is stopped at the end.
template <class Body>
void with_port(Reactor& reactor, const std::shared_ptr<ProbeFactory>& factory, Body body) {
  auto all = [&]() -> Task<void> {
    ListeningPort port = listenTCP(reactor, Address::loopback(0), factory);
    TcpStream client = co_await TcpStream::connect(reactor, port.getHost());
    co_await body(client);
    client.close();
    co_await port.stopListening();
    while (port.connections() != 0) co_await yield();
  };
  run(reactor, all());
}

}  // namespace coil::testing
