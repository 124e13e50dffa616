// Covers: transport.h, socket_calls.h: what a Transport's writes become, and when.
#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

TEST_CASE("writes of one callback arrive in their order, whatever their sizes") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  std::string all;
  factory->prepare = [&](Probe& probe) {
    probe.on_made = [&](Transport& transport) {
      for (const int size : {1, 5000, 10, 300'000, 20, 4096, 4097, 1'000'000, 3}) {
        const std::string text(static_cast<std::size_t>(size),
                               static_cast<char>('a' + all.size() % 26));
        transport.write(text);
        all += text;
      }
      transport.loseConnection();
    };
  };
  with_port(*reactor, factory,
            [&](TcpStream& client) -> Task<void> { CHECK(co_await read_to_end(client) == all); });
}

TEST_CASE("a small write waits for the callback to return; a large one sets out at once") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  constexpr std::size_t large = 20'000;
  factory->prepare = [](Probe& probe) {
    probe.on_made = [](Transport& transport) {
      transport.write("small");
      CHECK(transport.buffered_bytes() == 5);
      transport.write(std::string(large, 'x'));
      CHECK(transport.buffered_bytes() < 5 + large);
    };
  };
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    std::string text(5 + large, '.');
    co_await read_exactly(client, text);
    CHECK(text == "small" + std::string(large, 'x'));
    CHECK(factory->probes[0]->line().buffered_bytes() == 0);
  });
}

TEST_CASE("a large write waits for what is still on its way out") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  std::string all(8'000'000, '-');
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    while (factory->seen.back() != "made") co_await yield();
    Transport& line = factory->probes[0]->line();
    line.write(all);
    for (int turn = 0; turn < 10; ++turn) co_await yield();  // A send is under way, and is stuck.
    std::string received;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
      // The kernel has room again, before the send that is under way has heard of it.
      received += as_text((co_await client.receive()).bytes());
      line.write(std::string(5'000, letter));
      all += std::string(5'000, letter);
    }
    line.loseConnection();
    received += co_await read_to_end(client);
    CHECK(received == all);
  });
}

TEST_CASE("a write outside any callback sets out without another event") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    while (factory->seen.back() != "made") co_await yield();
    factory->probes[0]->line().write("from a timer");
    std::string text(12, '.');
    co_await read_exactly(client, text);
    CHECK(text == "from a timer");
  });
}

TEST_CASE("what comes after loseConnection is not delivered, also if it was being waited for") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  const std::string large(8'000'000, 'x');
  with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
    while (factory->seen.back() != "made") co_await yield();
    Transport& line = factory->probes[0]->line();
    line.write("x");
    line.write(large);
    line.loseConnection();
    co_await write_all(client, "too late");
    CHECK(co_await read_to_end(client) == "x" + large);
  });
  CHECK(factory->probes[0]->received.empty());
  CHECK(factory->probes[0]->why.check<ConnectionDone>());
}

TEST_CASE("a write that finds the connection broken says so later, never from inside") {
  COIL_CONTRACT(reactor);
  for (const std::size_t size : {std::size_t{10}, std::size_t{100'000}}) {
    auto factory = std::make_shared<ProbeFactory>();
    factory->prepare = [](Probe& probe) {
      probe.on_made = [](Transport& transport) { transport.pauseProducing(); };
    };
    with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
      while (factory->seen.back() != "made") co_await yield();
      client.abort();
      Probe& probe = *factory->probes[0];
      while (factory->seen.back() == "made") {
        probe.line().write(std::string(size, 'x'));
        probe.line().write(std::string(size, 'x'));
        CHECK(factory->seen.back() == "made");
        co_await yield();
      }
    });
    // The first error is the cause; those behind it would only say that the connection has gone.
    REQUIRE(factory->probes[0]->why.check<ConnectionLost>());
    CHECK(factory->probes[0]->why.getErrorMessage().find("reset") != std::string::npos);
  }
}

}  // namespace
