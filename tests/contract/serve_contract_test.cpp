// Covers: serve.h: a server of many connections, and what becomes of its handlers' failures.
#include <coil/net.h>

#include <algorithm>
#include <string>

#include "support/contract.h"

using namespace coil;

namespace {

TEST_CASE("serve keeps its limit, survives a handler that throws, and ends with its listener") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    std::size_t open = 0;
    std::size_t most = 0;
    auto handle = [](TcpStream stream, std::size_t* now, std::size_t* max) -> Task<void> {
      *max = std::max(*max, ++*now);
      std::array<std::byte, 1> byte;
      const std::size_t size = co_await stream.read_some(byte);
      --*now;
      if (size == 1) throw std::runtime_error("a bad client");
    };
    auto handler = [&](TcpStream stream) { return handle(std::move(stream), &open, &most); };
    auto server = [&]() -> Task<void> {
      co_await serve(listener, handler, ServeOptions().set_connections_max(2));
    };
    auto client = [&](bool bad) -> Task<void> {
      TcpStream stream = co_await TcpStream::connect(*reactor, listener.local_address());
      if (bad) co_await write_all(stream, "!");
      co_await stream.shutdown_write();
      std::array<std::byte, 1> end;
      static_cast<void>(co_await as_result(stream.read_some(end)));
    };
    auto clients = [&]() -> Task<void> {
      std::vector<Task<void>> tasks;
      for (int number = 0; number < 8; ++number) tasks.push_back(client(number == 0));
      co_await when_all(std::move(tasks));
      listener.close();
    };
    co_await when_all(server(), clients());
    CHECK(most <= 2);
    CHECK(open == 0);
    CHECK(reactor.log.size() == 1);
  };
  run(*reactor, body());
}

TEST_CASE("serve with a limit of one serves everybody in turn, and its cancel ends handlers") {
  COIL_CONTRACT(reactor);
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    int served = 0;
    auto handler = [&served](TcpStream stream) -> Task<void> {
      ++served;
      while (!(co_await stream.receive()).empty()) {
      }
    };
    auto client = [&]() -> Task<void> {
      TcpStream stream = co_await TcpStream::connect(*reactor, listener.local_address());
      co_await write_all(stream, "x");
      co_await stream.shutdown_write();
      CHECK((co_await stream.receive()).empty());
    };
    auto race = [&](TaskGroup& group) -> Task<void> {
      auto server = [&]() -> Task<void> {
        co_await serve(listener, handler, ServeOptions().set_connections_max(1));
      };
      group.spawn(server);
      co_await when_all(client(), client(), client(), client());
      const TcpStream idle = co_await TcpStream::connect(*reactor, listener.local_address());
      while (served < 5) co_await sleep(Duration::zero());
      group.cancel();
      CHECK_THROWS_AS(co_await yield(), Cancelled);
    };
    co_await with_task_group(race);
    CHECK(served == 5);
    CHECK(reactor.log.empty());
  };
  run(*reactor, body());
}

// Serves two clients: the first leaves in the middle of a line, the second after one.
template <class F>
void serve_two(Reactor& reactor, F handler) {
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(reactor, Address::loopback(0));
    auto server = [&]() -> Task<void> { co_await serve(listener, handler); };
    auto clients = [&]() -> Task<void> {
      for (const char* text : {"half a li", "a line\n"}) {
        TcpStream stream = co_await TcpStream::connect(reactor, listener.local_address());
        co_await write_all(stream, text);
        co_await stream.shutdown_write();
        std::array<std::byte, 1> end;
        CHECK(co_await stream.read_some(end) == 0);
      }
      listener.close();
    };
    co_await when_all(server(), clients());
  };
  run(reactor, body());
}

TEST_CASE("a handler that ends because its peer has gone is nothing to log, and else it is") {
  COIL_CONTRACT(reactor);
  int lines = 0;
  auto reads_lines = [&lines](TcpStream stream) -> Task<void> {
    std::string buffered;
    for (;; ++lines) co_await read_until(stream, buffered, "\n", 100);
  };
  serve_two(*reactor, reads_lines);
  CHECK(lines == 1);
  CHECK(reactor.log.empty());
  auto reads_short_lines = [](TcpStream stream) -> Task<void> {
    std::string buffered;
    co_await read_until(stream, buffered, "\n", 2);
  };
  serve_two(*reactor, reads_short_lines);
  CHECK(reactor.log.size() == 2);
}

TEST_CASE("an error that a handler gives as a value is logged like one that it throws") {
  COIL_CONTRACT(reactor);
  auto reads_a_line = [](TcpStream stream) -> Task<Result<std::string>> {
    std::string buffered;
    co_return co_await or_return(read_until(stream, buffered, "\n", 8));
  };
  serve_two(*reactor, reads_a_line);
  REQUIRE(reactor.log.size() == 1);
  CHECK(reactor.log[0].find("connection: ") == 0);
}

}  // namespace
