// Covers: tcp.h, ports.h, serve.h: connections that come before somebody asks for them.
#include <coil/net.h>

#include <array>
#include <vector>

#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

Task<void> some_turns(int count) {
  for (int turn = 0; turn < count; ++turn) co_await sleep(Duration::zero());
}

// Connects one after the other.
Task<std::vector<TcpStream>> connect_all(TcpListener& listener, std::size_t count) {
  std::vector<TcpStream> clients;
  while (clients.size() < count) {
    clients.push_back(co_await TcpStream::connect(listener.reactor(), listener.local_address()));
  }
  co_return clients;
}

// An accept of every connection that is given up while it waits: more may come ahead from then on.
Task<void> give_up_accepting(TcpListener& listener) {
  auto accept = [&]() -> Task<void> { co_await listener.accept(Accepting::all); };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(accept);
    co_await some_turns(2);
    group.cancel();
  };
  co_await with_task_group(body);
}

TEST_CASE("connections that came ahead are given out in their order, to either way of accepting") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    for (int round = 0; round < 3; ++round) {
      co_await give_up_accepting(listener);
      std::vector<TcpStream> clients = co_await connect_all(listener, 12);
      co_await some_turns(3);
      for (std::size_t number = 0; number < clients.size(); ++number) {
        const Accepting how = number % 3 == 1 ? Accepting::one : Accepting::all;
        TcpStream accepted = co_await listener.accept(how);
        CHECK(accepted.peer_address() == clients[number].local_address());
        CHECK(accepted.get<NoDelay>().on());
        co_await write_all(accepted, "hello");
        std::array<std::byte, 8> buffer;
        CHECK(co_await clients[number].read_some(buffer) == 5);
        clients[number].abort();
      }
    }
  };
  run(*reactor, body());
}

TEST_CASE("connections that came ahead end with their listener, and with their reactor") {
  const std::ptrdiff_t descriptors = open_descriptors();
  for (const bool closed : {true, false}) {
    COIL_CONTRACT(reactor);
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    std::vector<TcpStream> clients;
    auto body = [&]() -> Task<void> {
      co_await give_up_accepting(listener);
      clients = co_await connect_all(listener, 8);
      co_await some_turns(3);
      if (!closed) co_return;
      listener.close();
      std::array<std::byte, 8> buffer;
      for (TcpStream& client : clients) {
        // A reset for those that were in the backlog still.
        const auto end = co_await as_result(client.read_some(buffer));
        CHECK((!end || *end == 0));
      }
    };
    run(*reactor, body());
  }
  CHECK(open_descriptors() == descriptors);
}

TEST_CASE("many accepts at once get every connection of a burst") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    std::vector<TcpStream> accepted;
    auto accept = [&]() -> Task<void> {
      for (int count = 0; count < 10; ++count) {
        accepted.push_back(co_await listener.accept(Accepting::all));
      }
    };
    std::vector<TcpStream> clients;
    auto connect = [&]() -> Task<void> { clients = co_await connect_all(listener, 50); };
    co_await when_all(accept(), accept(), connect(), accept(), accept(), accept());
    CHECK(accepted.size() == 50);
    for (TcpStream& client : clients) client.abort();
  };
  run(*reactor, body());
}

TEST_CASE("a port that stops listening in a burst serves or ends every connection") {
  COIL_CONTRACT(reactor);
  auto factory = std::make_shared<ProbeFactory>();
  auto body = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
    std::vector<TcpStream> clients;
    for (int count = 0; count < 20; ++count) {
      clients.push_back(co_await TcpStream::connect(*reactor, port.getHost()));
    }
    co_await port.stopListening();
    for (const auto& probe : factory->probes) probe->line().loseConnection();
    std::array<std::byte, 8> buffer;
    for (TcpStream& client : clients) {
      const auto end = co_await as_result(client.read_some(buffer));
      CHECK((!end || *end == 0));
    }
    while (port.connections() != 0) co_await yield();
  };
  run(*reactor, body());
}

}  // namespace
