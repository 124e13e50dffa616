// Covers: connector.h, protocol.h: what a client's factory is told, and who ended its attempts.
#include <coil/testing/clock.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

// Notes what it is told, and does what the test wants inside the calls.
class Told : public ClientFactory {
 public:
  std::shared_ptr<Protocol> buildProtocol(const Address&) override {
    seen.push_back("build");
    if (on_build) on_build();
    if (refuses) return nullptr;
    return std::make_shared<Probe>(&seen);
  }
  void startFactory() override {
    seen.push_back("start");
    if (bad_start) throw std::runtime_error("bad start");
  }
  void stopFactory() override { seen.push_back("stop"); }
  void startedConnecting(Connector& connector) override {
    seen.push_back("connecting");
    if (on_connecting) on_connecting(connector);
  }
  void clientConnectionFailed(Connector& connector, const Failure& reason) override {
    seen.push_back("failed");
    why = reason;
    if (on_end) on_end(connector);
  }
  void clientConnectionLost(Connector& connector, const Failure& reason) override {
    seen.push_back("client lost");
    why = reason;
    if (on_end) on_end(connector);
  }

  Strings seen;
  Failure why;
  bool refuses = false;
  bool bad_start = false;
  std::function<void()> on_build;
  std::function<void(Connector&)> on_connecting;
  std::function<void(Connector&)> on_end;
};

// An address that nobody listens at.
Address nobody(Reactor& reactor) {
  TcpListener gone = TcpListener::bind(reactor, Address::loopback(0));
  const Address address = gone.local_address();
  gone.close();
  return address;
}

Task<void> until_stopped(const Told& client) {
  while (client.seen.empty() || client.seen.back() != "stop") co_await yield();
}

TEST_CASE("nothing but startFactory is called before connectTCP returns") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto client = std::make_shared<Told>();
    auto connector = connectTCP(*reactor, listener.local_address(), client);
    CHECK(client->seen == Strings{"start"});
    CHECK(connector->state() == Connector::State::connecting);
    CHECK(connector->getDestination() == listener.local_address());
    connector->stopConnecting();
    CHECK(client->seen == Strings{"start"});
    co_await until_stopped(*client);
    CHECK(client->seen == Strings{"start", "connecting", "failed", "stop"});
  };
  run(*reactor, body());
}

TEST_CASE("an attempt that is stopped fails once, with a UserError") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto client = std::make_shared<Told>();
    auto connector = connectTCP(*reactor, listener.local_address(), client);
    connector->stopConnecting();
    CHECK_THROWS_AS(connector->stopConnecting(), NotConnectingError);
    CHECK_THROWS_AS(connector->connect(), std::logic_error);
    connector->disconnect();  // What fits has been done already.
    co_await until_stopped(*client);
    CHECK(client->why.check<UserError>());
    CHECK_FALSE(client->why.check<TimedOut>());
    CHECK_THROWS_AS(connector->stopConnecting(), NotConnectingError);
    connector->disconnect();
    CHECK(client->seen == Strings{"start", "connecting", "failed", "stop"});
  };
  run(*reactor, body());
}

TEST_CASE("an attempt can be stopped from inside startedConnecting and buildProtocol") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto early = std::make_shared<Told>();
    early->on_connecting = [](Connector& connector) { connector.stopConnecting(); };
    auto first = connectTCP(*reactor, listener.local_address(), early);
    co_await until_stopped(*early);
    CHECK(early->why.check<UserError>());
    CHECK(early->seen == Strings{"start", "connecting", "failed", "stop"});

    auto late = std::make_shared<Told>();
    auto second = connectTCP(*reactor, listener.local_address(), late);
    late->on_build = [&] { second->disconnect(); };
    TcpStream stream = co_await listener.accept();
    co_await until_stopped(*late);
    CHECK(late->why.check<UserError>());
    CHECK(late->seen == Strings{"start", "connecting", "build", "failed", "stop"});
    CHECK(co_await read_to_end(stream) == "");
  };
  run(*reactor, body());
}

TEST_CASE("a refused attempt keeps the system's error, and names the peer") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    const Address address = nobody(*reactor);
    auto client = std::make_shared<Told>();
    auto connector = connectTCP(*reactor, address, client);
    co_await until_stopped(*client);
    CHECK(client->why.check<ConnectionRefusedError>());
    CHECK(client->why.code() == std::errc::connection_refused);
    CHECK(client->why.getErrorMessage().find(address.to_string()) != std::string::npos);
  };
  run(*reactor, body());
}

TEST_CASE("a local address that is taken fails the attempt with a bind error") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpListener taken = TcpListener::bind(*reactor, Address::loopback(0));
    auto client = std::make_shared<Told>();
    ConnectOptions options = ConnectOptions().set_bind_address(taken.local_address());
    auto connector = connectTCP(*reactor, listener.local_address(), client, options);
    co_await until_stopped(*client);
    CHECK(client->why.check<ConnectBindError>());
    CHECK(client->why.code() == std::errc::address_in_use);
  };
  run(*reactor, body());
}

TEST_CASE("an attempt that takes too long is a UserError too, and names the peer") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto client = std::make_shared<Told>();
    // No time at all: the attempt is given up in the turn after the one in which it begins. Where
    // the kernel has connected by then the value is delivered, although late.
    ConnectOptions options = ConnectOptions().set_timeout(Duration::zero());
    std::vector<std::shared_ptr<Connector>> connectors;
    ListenOptions full = ListenOptions().set_backlog_max(0);
    TcpListener busy = TcpListener::bind(*reactor, Address::loopback(0), full);
    while (!client->why) {
      connectors.push_back(connectTCP(*reactor, busy.local_address(), client, options));
      while (connectors.back()->state() == Connector::State::connecting) co_await yield();
    }
    CHECK(client->why.check<TimedOut>());
    CHECK(client->why.check<UserError>());
    CHECK(client->why.getErrorMessage().find(busy.local_address().to_string()) !=
          std::string::npos);
    for (const auto& connector : connectors) connector->disconnect();
    busy.close();
    co_await until_stopped(*client);
  };
  run(*reactor, body());
}

TEST_CASE("a factory that builds no protocol, or throws, is told why the attempt failed") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto refusing = std::make_shared<Told>();
    refusing->refuses = true;
    auto first = connectTCP(*reactor, listener.local_address(), refusing);
    TcpStream stream = co_await listener.accept();
    CHECK(co_await read_to_end(stream) == "");
    co_await until_stopped(*refusing);
    CHECK(refusing->why.check<NoProtocol>());
    CHECK(refusing->why.check<ConnectError>());

    auto throwing = std::make_shared<Told>();
    throwing->on_build = [] { throw std::runtime_error("cannot build"); };
    auto second = connectTCP(*reactor, listener.local_address(), throwing);
    stream = co_await listener.accept();
    CHECK(co_await read_to_end(stream) == "");
    co_await until_stopped(*throwing);
    CHECK(throwing->why.getErrorMessage() == "cannot build");
    CHECK(throwing->seen == Strings{"start", "connecting", "build", "failed", "stop"});
  };
  run(*reactor, body());
}

TEST_CASE("an exception in a call of the factory is logged, and the factory is stopped as ever") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto client = std::make_shared<Told>();
    client->on_end = [](Connector&) { throw std::runtime_error("bad end"); };
    auto failing = connectTCP(*reactor, nobody(*reactor), client);
    co_await until_stopped(*client);
    CHECK(client->seen == Strings{"start", "connecting", "failed", "stop"});
    client->seen.clear();

    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto losing = connectTCP(*reactor, listener.local_address(), client);
    {
      const TcpStream stream = co_await listener.accept();
    }
    co_await until_stopped(*client);
    CHECK(client->seen ==
          Strings{"start", "connecting", "build", "made", "lost", "client lost", "stop"});
  };
  run(*reactor, body());
  REQUIRE(reactor.log.size() == 2);
  CHECK(reactor.log[0].find("bad end") != std::string::npos);
  CHECK(reactor.log[1].find("bad end") != std::string::npos);
}

TEST_CASE("a factory that cannot start is not connected, and may be started again") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto client = std::make_shared<Told>();
    client->bad_start = true;
    auto connector =
        std::make_shared<Connector>(*reactor, listener.local_address(), client, ConnectOptions());
    CHECK_THROWS_AS(connector->connect(), std::runtime_error);
    CHECK(connector->state() == Connector::State::disconnected);
    client->bad_start = false;
    connector->connect();
    connector->stopConnecting();
    co_await until_stopped(*client);
    CHECK(client->seen == Strings{"start", "start", "connecting", "failed", "stop"});
  };
  run(*reactor, body());
}

TEST_CASE("a client that always connects again does not hold up the reactor's stop") {
  COIL_CONTRACT(reactor);
  TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
  auto lost = std::make_shared<Told>();
  auto attempting = std::make_shared<Told>();
  lost->on_end = [](Connector& connector) { connector.connect(); };
  attempting->on_end = lost->on_end;
  attempting->on_connecting = [&](Connector&) { reactor->stop(); };
  std::shared_ptr<Connector> second;
  auto first = connectTCP(*reactor, listener.local_address(), lost);
  auto wait = [&]() -> Task<void> {
    TcpStream stream = co_await listener.accept();
    while (lost->seen.back() != "made") co_await yield();
    second = connectTCP(*reactor, listener.local_address(), attempting);
    co_await sleep(std::chrono::hours(1));
  };
  detail::start_root<"server">(*reactor, wait());
  reactor->set_stop_deadline(std::chrono::hours(1));
  reactor->run();
  CHECK(lost->seen ==
        Strings{"start", "connecting", "build", "made", "lost", "client lost", "stop"});
  CHECK(attempting->why.check<ConnectError>());
  CHECK(attempting->seen == Strings{"start", "connecting", "failed", "stop"});
  CHECK(reactor.log.size() == 2);  // Each was refused once.
}

}  // namespace
