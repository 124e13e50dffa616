// Covers: endpoint_service.h: listening from the start to the stop.
#include <coil/net/endpoint_service.h>
#include <coil/net/endpoint_strings.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

// An endpoint that takes its time.
class Slow : public StreamServerEndpoint {
 public:
  Deferred<ListeningPort> listen(std::shared_ptr<Factory>) override {
    ++asked;
    pending = Deferred<ListeningPort>([this] { cancelled = true; });
    return pending;
  }
  using StreamServerEndpoint::listen;
  Deferred<ListeningPort> pending;
  int asked = 0;
  bool cancelled = false;
};

TEST_CASE("an endpoint service listens from its start to its stop, again and again") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto factory = std::make_shared<ProbeFactory>();
    auto service = std::make_shared<StreamServerEndpointService>(
        *reactor, serverFromString(*reactor, "tcp:0:interface=127.0.0.1"), factory);
    for (int round = 0; round < 2; ++round) {
      CHECK_FALSE(service->port());
      co_await service->privilegedStartService();
      CHECK_FALSE(service->running());
      const ListeningPort port = *service->port();
      const Address host = port.getHost();
      co_await service->startService();  // It listens already.
      CHECK(service->running());
      CHECK(service->port()->getHost() == host);
      TcpStream client = co_await TcpStream::connect(*reactor, host);
      client.abort();
      co_await service->stopService();
      CHECK_FALSE(service->running());
      const TcpListener here = TcpListener::bind(*reactor, host);
      CHECK(here.is_open());
      while (port.connections() != 0) co_await yield();
    }
    co_await service->stopService();
  };
  run(*reactor, body());
}

TEST_CASE("an endpoint service whose address is taken fails to start, and may try again") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener taken = TcpListener::bind(*reactor, Address::loopback(0));
    auto endpoint = std::make_unique<TcpServerEndpoint>(*reactor, taken.local_address());
    auto service = std::make_shared<StreamServerEndpointService>(*reactor, std::move(endpoint),
                                                                 std::make_shared<ProbeFactory>());
    const auto privileged = co_await as_result(service->privilegedStartService());
    CHECK(privileged.error().failure().check<CannotListenError>());
    const auto plain = co_await as_result(service->startService());
    CHECK(plain.error().failure().check<CannotListenError>());
    CHECK_FALSE(service->running());
    taken.close();
    co_await sleep(std::chrono::milliseconds(1));
    co_await service->startService();
    CHECK(service->port());
    co_await service->stopService();
  };
  run(*reactor, body());
}

// An endpoint that cannot be given up while it is at work.
class Unstoppable : public StreamServerEndpoint {
 public:
  explicit Unstoppable(Reactor& reactor) : reactor_(reactor) {}
  Deferred<ListeningPort> listen(std::shared_ptr<Factory> factory) override {
    return Deferred<ListeningPort>::fromCoroutine(reactor_, work(std::move(factory)));
  }
  using StreamServerEndpoint::listen;
  Event done;
  std::optional<ListeningPort> made;

 private:
  Task<ListeningPort> work(std::shared_ptr<Factory> factory) {
    auto wait = [](Event& event) -> Task<void> { co_await event.wait(); };
    co_await shielded(wait(done));
    made = listenTCP(reactor_, Address::loopback(0), std::move(factory));
    co_return *made;
  }
  Reactor& reactor_;
};

TEST_CASE("a port that comes although the service was stopped meanwhile is stopped as well") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto owned = std::make_unique<Unstoppable>(*reactor);
    Unstoppable& endpoint = *owned;
    auto factory = std::make_shared<ProbeFactory>();
    auto service =
        std::make_shared<StreamServerEndpointService>(*reactor, std::move(owned), factory);
    co_await service->startService();
    co_await yield();
    auto stopping = Deferred<void>::fromCoroutine(*reactor, service->stopService());
    co_await yield();
    endpoint.done.set();
    co_await stopping;
    while (!endpoint.made) co_await yield();
    CHECK_FALSE(service->port());
    CHECK(factory->seen == Strings{"start", "stop"});
    co_await endpoint.made->stopListening();
  };
  run(*reactor, body());
}

TEST_CASE("a stop before the endpoint has listened cancels that, and logs nothing") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    auto owned = std::make_unique<Slow>();
    Slow& slow = *owned;
    auto service = std::make_shared<StreamServerEndpointService>(*reactor, std::move(owned),
                                                                 std::make_shared<ProbeFactory>());
    co_await service->privilegedStartService();
    co_await service->startService();
    CHECK(slow.asked == 1);
    CHECK_FALSE(service->port());
    co_await service->stopService();
    CHECK(slow.cancelled);
    CHECK(reactor.log.empty());

    co_await service->startService();
    CHECK(slow.asked == 2);
    slow.pending.errback(Failure(std::runtime_error("no such device")));
    REQUIRE(reactor.log.size() == 1);
    CHECK(reactor.log[0].find("no such device") != std::string::npos);
    co_await service->stopService();

    co_await service->startService();
    slow.pending.callback(
        listenTCP(*reactor, Address::loopback(0), std::make_shared<ProbeFactory>()));
    CHECK(service->port());
    co_await service->stopService();
    CHECK_FALSE(service->port());
  };
  run(*reactor, body());
}

}  // namespace
