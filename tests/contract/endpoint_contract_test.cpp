// Covers: endpoint.h: what a connect or a listen gives, and what a cancel leaves.
#include <coil/net/endpoint.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

Task<void> until(const Strings& seen, std::string what) {
  while (seen.empty() || seen.back() != what) co_await yield();
}

TEST_CASE("a client endpoint delivers the factory's own protocol, once it is connected") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    auto factory = std::make_shared<ProbeFactory>();
    TcpClientEndpoint endpoint(*reactor, listener.local_address());
    Deferred<std::shared_ptr<Protocol>> connecting = endpoint.connect(factory);
    CHECK(factory->probes.empty());
    TcpStream stream = co_await listener.accept();
    const std::shared_ptr<Protocol> protocol = co_await connecting;
    REQUIRE(factory->probes.size() == 1);
    CHECK(protocol == factory->probes[0]);
    CHECK(factory->seen == Strings{"start", "made"});
    CHECK(protocol->connection()->getPeer() == listener.local_address());
    stream.close();
    co_await until(factory->seen, "stop");
    CHECK(factory->seen == Strings{"start", "made", "lost", "stop"});
    CHECK(protocol->connection() == nullptr);
  };
  run(*reactor, body());
}

TEST_CASE("a client endpoint fails with what the attempt, the factory or its protocol ran into") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpListener gone = TcpListener::bind(*reactor, Address::loopback(0));
    TcpClientEndpoint nobody(*reactor, gone.local_address());
    gone.close();
    TcpClientEndpoint endpoint(*reactor, listener.local_address());

    auto factory = std::make_shared<ProbeFactory>();
    const auto refused = co_await as_result(nobody.connect(factory));
    CHECK(refused.error().failure().check<ConnectionRefusedError>());
    CHECK(factory->seen == Strings{"start", "stop"});

    factory->refuses = true;
    const auto no_protocol = co_await as_result(endpoint.connect(factory));
    CHECK(no_protocol.error().failure().check<NoProtocol>());
    factory->refuses = false;

    factory->prepare = [](Probe&) { throw std::runtime_error("cannot build"); };
    const auto thrown = co_await as_result(endpoint.connect(factory));
    CHECK(thrown.error().message() == "cannot build");

    factory->prepare = [](Probe& probe) {
      probe.on_made = [](Transport&) { throw std::runtime_error("bad start"); };
    };
    const auto bad = co_await as_result(endpoint.connect(factory));
    CHECK(bad.error().message() == "bad start");
    CHECK(factory->seen.back() == "stop");
    CHECK(reactor.log.size() == 1);

    ConnectOptions from_taken = ConnectOptions().set_bind_address(listener.local_address());
    TcpClientEndpoint no_address(*reactor, listener.local_address(), from_taken);
    const auto unbound = co_await as_result(no_address.connect(factory));
    CHECK(unbound.error().failure().check<ConnectError>());
  };
  run(*reactor, body());
}

TEST_CASE("cancelling a client endpoint's connect names the destination, and leaves nothing") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpClientEndpoint endpoint(*reactor, listener.local_address());
    for (int steps = 0; steps < 8; ++steps) {
      CAPTURE(steps);
      auto factory = std::make_shared<ProbeFactory>();
      std::string destination;
      bool delivered = false;
      Deferred<std::shared_ptr<Protocol>> connecting = endpoint.connect(factory);
      connecting.addCallback([&](std::shared_ptr<Protocol> protocol) {
        delivered = true;
        protocol->connection()->loseConnection();
        return protocol;
      });
      connecting.addErrback([&](const Failure& failure) -> std::shared_ptr<Protocol> {
        failure.visit<ConnectingCancelledError>(
            [&](const ConnectingCancelledError& error) { destination = error.destination(); });
        return nullptr;
      });
      TcpStream stream = co_await listener.accept();
      for (int step = 0; step < steps; ++step) co_await yield();
      const bool too_late = delivered;
      connecting.cancel();
      CHECK(destination == (too_late ? "" : listener.local_address().to_string()));
      // Made or not, nobody is left at the other end.
      static_cast<void>(co_await as_result(read_to_end(stream)));
      stream.close();
      co_await until(factory->seen, "stop");
      CHECK(delivered == too_late);
    }
  };
  run(*reactor, body());
}

TEST_CASE("a connection that was made when its endpoint's connect is cancelled is closed") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpClientEndpoint endpoint(*reactor, listener.local_address());
    auto factory = std::make_shared<ProbeFactory>();
    std::optional<Deferred<std::shared_ptr<Protocol>>> connecting;
    factory->prepare = [&](Probe& probe) {
      probe.on_made = [&](Transport&) { connecting->cancel(); };
    };
    connecting = endpoint.connect(factory);
    const auto result = co_await as_result(*connecting);
    CHECK(result.error().failure().check<ConnectingCancelledError>());
    TcpStream stream = co_await listener.accept();
    CHECK(co_await read_to_end(stream) == "");
    stream.close();
    co_await until(factory->seen, "stop");
    CHECK(factory->seen == Strings{"start", "made", "lost", "stop"});
  };
  run(*reactor, body());
}

TEST_CASE("a coroutine that is cancelled while it awaits an endpoint ends as cancelled") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  bool caught = false;
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpClientEndpoint endpoint(*reactor, listener.local_address());
    auto wait = [&]() -> Task<void> {
      try {
        static_cast<void>(co_await endpoint.connect(factory));
      } catch (const std::exception&) {
        caught = true;
      }
    };
    auto both = [&](TaskGroup& group) -> Task<void> {
      group.spawn(wait);
      co_await yield();
      group.cancel();
    };
    co_await with_task_group(both);
    co_await until(factory->seen, "stop");
  };
  run(*reactor, body());
  CHECK_FALSE(caught);
}

TEST_CASE("an attempt that the reactor's stop ends fails as a ConnectError") {
  COIL_CONTRACT(reactor);
  TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
  TcpClientEndpoint endpoint(*reactor, listener.local_address());
  auto factory = std::make_shared<ProbeFactory>();
  Failure why;
  reactor->callWhenRunning([&] {
    endpoint.connect(factory).addErrback([&](const Failure& failure) {
      why = failure;
      return std::shared_ptr<Protocol>();
    });
    reactor->stop();
  });
  reactor->run();
  // The attempt is cancelled, or finds that the listener was closed before it.
  CHECK(why.check<ConnectError>());
}

TEST_CASE("an endpoint gives a coroutine the stream and the listener themselves") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpServerEndpoint server(*reactor, Address::loopback(0));
    TcpListener listener = co_await server.listen();
    TcpClientEndpoint client(*reactor, listener.local_address());
    TcpStream here = co_await client.connect();
    TcpStream there = co_await listener.accept();
    co_await write_all(here, "hello");
    co_await here.shutdown_write();
    CHECK(co_await read_to_end(there) == "hello");

    TcpServerEndpoint busy(*reactor, listener.local_address());
    const auto refused = co_await as_result(busy.listen());
    CHECK(refused.error().failure().check<CannotListenError>());
    const Address address = listener.local_address();
    listener.close();
    TcpClientEndpoint nobody(*reactor, address);
    const auto alone = co_await as_result(nobody.connect());
    CHECK(alone.error().failure().check<ConnectionRefusedError>());
  };
  run(*reactor, body());
}

TEST_CASE("a server endpoint listens, and tells a busy address by a failure and not by a throw") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto factory = std::make_shared<ProbeFactory>();
    TcpServerEndpoint endpoint(*reactor, Address::loopback(0));
    ListeningPort port = co_await endpoint.listen(factory);
    TcpServerEndpoint busy(*reactor, port.getHost());
    auto nobody = std::make_shared<ProbeFactory>();
    Deferred<ListeningPort> refused = busy.listen(nobody);
    const auto result = co_await as_result(refused);
    REQUIRE_FALSE(result);
    const bool carries = result.error().failure().visit<CannotListenError>([&](const auto& error) {
      CHECK(error.host() == "127.0.0.1");
      CHECK(error.port() == port.getHost().port());
      CHECK(error.code() == std::errc::address_in_use);
    });
    CHECK(carries);
    CHECK(nobody->seen.empty());
    co_await port.stopListening();
  };
  run(*reactor, body());
}

// A kind whose streams are no TCP streams.
class OtherClient : public StreamClientEndpoint {
 public:
  Deferred<std::shared_ptr<Protocol>> connect(std::shared_ptr<Factory>) override {
    return fail<std::shared_ptr<Protocol>>(Failure(std::runtime_error("other")));
  }
  using StreamClientEndpoint::connect;
};
class OtherServer : public StreamServerEndpoint {
 public:
  Deferred<ListeningPort> listen(std::shared_ptr<Factory>) override {
    return fail<ListeningPort>(Failure(std::runtime_error("other")));
  }
  using StreamServerEndpoint::listen;
};

TEST_CASE("an endpoint without TCP streams tells a coroutine so") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    OtherClient client;
    OtherServer server;
    const auto stream = co_await as_result(client.connect());
    CHECK(stream.error().code() == Errc::not_supported);
    const auto listener = co_await as_result(server.listen());
    CHECK(listener.error().code() == Errc::not_supported);
  };
  run(*reactor, body());
}

class HalfProbe : public Probe, public HalfCloseableProtocol {
 public:
  using Probe::Probe;
  void readConnectionLost() override {
    seen.push_back("half");
    line().loseConnection();
  }
};

TEST_CASE("an endpoint shows half closes to the protocols that want them, and to no other") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpClientEndpoint endpoint(*reactor, listener.local_address());
    for (const bool half : {false, true}) {
      Strings seen;
      std::shared_ptr<Probe> probe = std::make_shared<Probe>(&seen);
      if (half) probe = std::make_shared<HalfProbe>(&seen);
      const std::shared_ptr<Probe> connected = co_await connectProtocol(endpoint, probe);
      CHECK(connected == probe);
      TcpStream stream = co_await listener.accept();
      co_await stream.shutdown_write();
      CHECK(co_await read_to_end(stream) == "");
      co_await until(seen, "lost");
      CHECK(seen == (half ? Strings{"made", "half", "lost"} : Strings{"made", "lost"}));
    }
  };
  run(*reactor, body());
}

TEST_CASE("connectProtocol connects one protocol, and can be cancelled") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpClientEndpoint endpoint(*reactor, listener.local_address());
    Strings seen;
    auto probe = std::make_shared<Probe>(&seen);
    Deferred<std::shared_ptr<Probe>> connecting = connectProtocol(endpoint, probe);
    connecting.cancel();
    const auto result = co_await as_result(connecting);
    CHECK(result.error().failure().check<ConnectingCancelledError>());
    for (int turn = 0; turn < 5; ++turn) co_await yield();
    CHECK(seen.empty());
  };
  run(*reactor, body());
}

TEST_CASE("connectProtocol that is cancelled in connectionMade closes what was made") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    TcpClientEndpoint endpoint(*reactor, listener.local_address());
    Strings seen;
    std::optional<Deferred<std::shared_ptr<Probe>>> connecting;
    auto probe = std::make_shared<Probe>(&seen);
    probe->on_made = [&](Transport&) { connecting->cancel(); };
    connecting = connectProtocol(endpoint, probe);
    const auto result = co_await as_result(*connecting);
    CHECK(result.error().failure().check<ConnectingCancelledError>());
    TcpStream stream = co_await listener.accept();
    CHECK(co_await read_to_end(stream) == "");
    stream.close();
    co_await until(seen, "lost");
    CHECK(seen == Strings{"made", "lost"});
  };
  run(*reactor, body());
}

}  // namespace
