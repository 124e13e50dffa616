// Covers: transport.h, ports.h, connector.h: connections where bytes go in pieces of any size, and
// events coincide as a seed wants it.
#include <cerrno>

#include "scenario.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

TEST_CASE("large writes of one callback keep their order, however little of each goes at once") {
  for_seeds(50, [](std::uint64_t seed) {
    Simulated reactor(seed);
    auto factory = std::make_shared<ProbeFactory>();
    const std::string all = pattern(40 * 5'000);
    factory->prepare = [&](Probe& probe) {
      probe.on_made = [&](Transport& line) {
        for (ConstBytes left = all; !left.empty(); left = left.skip(5'000)) {
          line.write(left.first(5'000));
        }
        line.loseConnection();
      };
    };
    with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
      const std::string received = co_await read_to_end(client);
      CHECK((received == all));
    });
  });
}

TEST_CASE("of two ports that stop each other, one builds nothing, though a connection had come") {
  Simulated reactor;
  reactor->network().set_latency(milliseconds(1), milliseconds(1));
  auto factory = std::make_shared<ProbeFactory>();
  auto body = [&]() -> Task<void> {
    std::vector<ListeningPort> ports;
    std::vector<Deferred<void>> stopped;
    for (int count = 0; count < 2; ++count) {
      ports.push_back(listenTCP(*reactor, Address::loopback(0), factory));
    }
    factory->prepare = [&](Probe&) {
      for (ListeningPort& port : ports) stopped.push_back(port.stopListening());
    };
    auto connect = [&](const ListeningPort& port) -> Task<void> {
      const TcpStream stream = co_await TcpStream::connect(*reactor, port.getHost());
      while (stopped.empty()) co_await yield();
    };
    co_await when_all(connect(ports[0]), connect(ports[1]));
    for (Deferred<void>& each : stopped) co_await each;
    CHECK(factory->probes.size() == 1);
    while (ports[0].connections() + ports[1].connections() != 0) co_await yield();
  };
  run(*reactor, body());
}

// Notes what its factory and its protocol are told.
class Told : public ClientFactory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    return std::make_shared<Probe>(&seen);
  }
  void clientConnectionFailed(Connector&, const Failure&) override { seen.push_back("failed"); }
  void clientConnectionLost(Connector&, const Failure&) override { seen.push_back("client lost"); }
  Strings seen;
};

TEST_CASE("a client whose peer has gone before anybody asked who it was is made, and lost") {
  for (const unsigned spared : {0U, 1U}) {
    CAPTURE(spared);
    Simulated reactor;
    auto body = [&]() -> Task<void> {
      TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
      auto client = std::make_shared<Told>();
      reactor->network().fail_next(SocketCall::peer_address, ENOTCONN, spared);
      auto connector = connectTCP(*reactor, listener.local_address(), client);
      {
        const TcpStream stream = co_await listener.accept();
      }
      while (connector->state() != Connector::State::disconnected) co_await yield();
      CHECK(client->seen == Strings{"made", "lost", "client lost"});
    };
    run(*reactor, body());
  }
}

}  // namespace
