// The examples of protocol_wrapper.h and of the policies that are built on it.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <coil/testing/accumulating_protocol.h>
#include <coil/testing/clock.h>
#include <coil/testing/memory_connection.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

using namespace coil;
using coil::testing::AccumulatingProtocol;
using coil::testing::Clock;
using coil::testing::MemoryConnection;

namespace {

class Echo : public Protocol {
  void dataReceived(ConstBytes data) override { transport().write(data); }
};

// [count]
class CountingProtocol : public ProtocolWrapper {
 public:
  CountingProtocol(std::shared_ptr<WrappingFactory> factory, std::shared_ptr<Protocol> wrapped,
                   std::uint64_t& total)
      : ProtocolWrapper(std::move(factory), std::move(wrapped)), total_(total) {}
  void dataReceived(ConstBytes data) override {
    total_ += data.size();
    ProtocolWrapper::dataReceived(data);
  }

 private:
  std::uint64_t& total_;
};

class CountingFactory : public WrappingFactory {
 public:
  using WrappingFactory::WrappingFactory;
  std::uint64_t total = 0;

 protected:
  std::shared_ptr<ProtocolWrapper> wrap(std::shared_ptr<Protocol> wrapped,
                                        const Address&) override {
    return make_wrapper<CountingProtocol>(std::move(wrapped), total);
  }
};
// [/count]

// [mixin]
class Login : public TimeoutMixin<Protocol> {
 public:
  using TimeoutMixin::TimeoutMixin;
  void connectionMade() override { setTimeout(std::chrono::seconds(20)); }
  void dataReceived(ConstBytes) override { resetTimeout(); }
  void timeoutConnection() override { transport().abortConnection(); }  // Without a word.
};
// [/mixin]

// [idle]
class Patient : public TimeoutProtocol {
  using TimeoutProtocol::TimeoutProtocol;
  void timeoutConnection() override { setTimeout(std::chrono::hours(1)); }
};
// [/idle]

// Connects a client to what the factory builds, has it say hello, and gives what comes back.
std::string say_hello(Factory& factory) {
  auto client = std::make_shared<AccumulatingProtocol>();
  MemoryConnection connection(client, factory.buildProtocol(Address::loopback(5000)));
  client->line().write("hello");
  connection.flush();
  return client->data;
}

const std::shared_ptr<Factory> echo = Factory::forProtocol<Echo>();

}  // namespace

TEST_CASE("count") {
  auto factory = std::make_shared<CountingFactory>(echo);
  CHECK(say_hello(*factory) == "hello");
  CHECK(factory->total == 5);
}

TEST_CASE("limits") {
  auto busy = Factory::forProtocol<Echo>();
  // [limits]
  auto limited = std::make_shared<LimitTotalConnections>(echo, 100, busy);
  limited = std::make_shared<LimitTotalConnections>(echo, 100);  // Closes the 101st at once.
  // [/limits]
  CHECK(say_hello(*limited) == "hello");
  // [limits]
  auto by_peer = std::make_shared<LimitConnectionsByPeer>(echo, 5);
  // [/limits]
  CHECK(say_hello(*by_peer) == "hello");
}

TEST_CASE("mixin") {
  Clock clock;
  auto login = std::make_shared<Login>(clock);
  MemoryConnection connection(std::make_shared<AccumulatingProtocol>(), login);
  clock.advance(std::chrono::seconds(20));
  connection.flush();
  CHECK_FALSE(connection.open());
}

TEST_CASE("idle") {
  Clock reactor;
  // [idle]
  auto factory = std::make_shared<TimeoutFactory>(reactor, echo, std::chrono::minutes(30));
  // [/idle]
  CHECK(say_hello(*factory) == "hello");
  auto patient = std::make_shared<Patient>(factory, std::make_shared<AccumulatingProtocol>(),
                                           reactor, std::chrono::minutes(1));
  MemoryConnection connection(std::make_shared<AccumulatingProtocol>(), patient);
  reactor.advance(std::chrono::minutes(2));
  connection.flush();
  CHECK(connection.open());
}

namespace {

Task<void> shape(ReactorTime& reactor) {
  // [shaping]
  auto whole = std::make_shared<TokenBucket>(reactor, 1'000'000);
  auto mail = std::make_shared<TokenBucket>(reactor, 300'000, whole);
  mail->spend(600'000);                      // A second of its own rate was saved up …
  co_await reactor.callLater(mail->wait());  // … and one second is to be waited for.
  // [/shaping]
  CHECK(mail->wait() == Duration::zero());
}

Task<void> throttle(Reactor& reactor) {
  // [throttle]
  ThrottlingLimits limits;
  limits.set_connections_max(100);
  limits.set_reads(std::make_shared<TokenBucket>(reactor, 64 * 1024));
  limits.set_writes(std::make_shared<TokenBucket>(reactor, 16 * 1024));
  auto factory = std::make_shared<ThrottlingFactory>(reactor, echo, limits);
  ListeningPort port = listenTCP(reactor, Address::loopback(0), factory);
  // [/throttle]
  TcpStream client = co_await TcpStream::connect(reactor, port.getHost());
  co_await write_all(client, "hello");
  std::string back(5, '.');
  co_await read_exactly(client, back);
  CHECK(back == "hello");
  client.close();
  co_await port.stopListening();
  while (factory->connections() != 0) co_await yield();
}

}  // namespace

TEST_CASE("shaping") {
  const auto reactor = make_reactor();
  run(*reactor, shape(*reactor));
}

TEST_CASE("throttle") {
  const auto reactor = make_reactor();
  run(*reactor, throttle(*reactor));
}

TEST_CASE("by hand") {
  Clock clock;
  auto factory = std::make_shared<ThrottlingFactory>(clock, echo, ThrottlingLimits());
  auto built = factory->buildProtocol(Address::loopback(5000));
  auto client = std::make_shared<AccumulatingProtocol>();
  MemoryConnection memory(client, built);
  auto& connection = dynamic_cast<ThrottlingProtocol&>(*built);
  // [by hand]
  connection.throttleReads();  // Whatever the rates are; until they allow more,
  // [/by hand]
  client->line().write("hello");
  memory.flush();
  CHECK(client->data.empty());
  // [by hand]
  connection.unthrottleReads();  // or somebody says so.
  // [/by hand]
  memory.flush();
  CHECK(client->data == "hello");
}

TEST_CASE("traffic") {
  const std::filesystem::path before = std::filesystem::current_path();
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("coil-traffic-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  std::filesystem::current_path(folder);
  {
    // [traffic]
    auto open = [](std::uint64_t number, const Address&) {
      return std::make_unique<std::ofstream>("echo-" + std::to_string(number) + ".log");
    };
    auto factory = std::make_shared<TrafficLoggingFactory>(echo, open);
    // [/traffic]
    CHECK(say_hello(*factory) == "hello");
  }
  std::string line;
  CHECK(std::getline(std::ifstream("echo-1.log"), line));
  CHECK(line == "+ 127.0.0.1:50000");
  std::filesystem::current_path(before);
  std::filesystem::remove_all(folder);
}
