// Covers: testing/simulated_network.h: what the network in memory gives, and its faults.
#include <cerrno>

#include "scenario.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

TEST_CASE("ports count up from 49152, and a taken one is refused") {
  Simulated reactor;
  const TcpListener first = TcpListener::bind(*reactor, Address::loopback(0));
  const TcpListener second = TcpListener::bind(*reactor, Address::loopback(0));
  CHECK(first.local_address().port() == 49152);
  CHECK(second.local_address().port() == 49153);
  CHECK_THROWS_AS(TcpListener::bind(*reactor, first.local_address()), CannotListenError);
  const Address everywhere(IpAddress::v4({0, 0, 0, 0}), first.local_address().port());
  CHECK_THROWS_AS(TcpListener::bind(*reactor, everywhere), CannotListenError);
  const Address elsewhere(IpAddress::v4({10, 0, 0, 1}), first.local_address().port());
  CHECK(TcpListener::bind(*reactor, elsewhere).is_open());
}

TEST_CASE("a megabyte passes whole in pieces of every size, and in the order it was sent") {
  for_seeds(10, [](std::uint64_t seed) {
    Simulated reactor(seed);
    with_pair(*reactor, [](Pair& pair) -> Task<void> {
      const std::string data = pattern(1 << 20);
      bool small = false;
      bool large = false;
      auto write = [&]() -> Task<void> {
        ConstBytes left = data;
        while (!left.empty()) {
          const std::size_t size = co_await pair.here.write_some(left);
          small = small || size <= 16;
          large = large || size > 1000;
          left = left.skip(size);
        }
        co_await pair.here.shutdown_write();
      };
      std::string got;
      auto read = [&]() -> Task<void> { got = co_await read_to_end(pair.there); };
      co_await when_all(write(), read());
      CHECK(got == data);
      CHECK(small);
      CHECK(large);
    });
  });
}

TEST_CASE("without partial transfers a write that fits goes whole") {
  Simulated reactor;
  reactor->network().set_partial_transfers(false);
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    const std::string data = pattern(50000);
    CHECK(co_await pair.here.write_some(data) == data.size());
    std::string got(data.size(), ' ');
    co_await read_exactly(pair.there, got);
    CHECK(got == data);
  });
}

TEST_CASE("a peer that does not read holds the writer up, and reading lets it go on") {
  Simulated reactor;
  with_pair(*reactor, [](Pair& pair) -> Task<void> {
    std::size_t total = 0;
    auto endless = with_timeout(seconds(10), write_endlessly(pair.here, total));
    const Result<> stopped = co_await as_result(std::move(endless));
    CHECK(stopped.error().code() == Errc::timed_out);
    CHECK(total == 2 * 64 * 1024);  // One buffer at each end.
    std::string some(total, ' ');
    co_await read_exactly(pair.there, some);
    CHECK(co_await pair.here.write_some("more") > 0);
  });
}

TEST_CASE("a peer that closed with bytes unread, or aborted, is a reset") {
  for_seeds(50, [](std::uint64_t seed) {
    Simulated reactor(seed);
    const bool aborts = seed % 2 == 0;
    with_pair(*reactor, [&](Pair& pair) -> Task<void> {
      co_await write_all(pair.here, "never read");
      co_await sleep(milliseconds(1));
      if (aborts) {
        pair.there.abort();
      } else {
        pair.there.close();
      }
      std::array<std::byte, 4> buffer;
      const auto lost = co_await as_result(pair.here.read_some(buffer));
      CHECK(lost.error().code() == std::errc::connection_reset);
      const auto written = co_await as_result(pair.here.write_some("x"));
      CHECK(written.error().code() == std::errc::broken_pipe);
    });
  });
}

TEST_CASE("writing to a peer that closed cleanly is taken once, then refused") {
  for_seeds(50, [](std::uint64_t seed) {
    Simulated reactor(seed);
    with_pair(*reactor, [&](Pair& pair) -> Task<void> {
      co_await write_all(pair.there, "bye");
      pair.there.close();
      CHECK(co_await read_to_end(pair.here) == "bye");
      CHECK(co_await pair.here.write_some("x") == 1);
      co_await sleep(milliseconds(1));
      const auto written = co_await as_result(pair.here.write_some("x"));
      CHECK(written.error().code() == std::errc::broken_pipe);
    });
  });
}

TEST_CASE("a full backlog lets a client wait, and give up in the end") {
  Simulated reactor;
  auto body = [&]() -> Task<void> {
    ListenOptions options = ListenOptions().set_backlog_max(1);
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0), options);
    const Address address = listener.local_address();
    const TcpStream first = co_await TcpStream::connect(*reactor, address);
    const auto refused = co_await as_result(TcpStream::connect(*reactor, address));
    CHECK(refused.error().code() == std::errc::timed_out);
    auto accept = [&]() -> Task<void> {
      co_await sleep(milliseconds(1500));
      static_cast<void>(co_await listener.accept());
      static_cast<void>(co_await listener.accept());
    };
    auto connect = [&]() -> Task<void> {
      const TimePoint start = reactor->now();
      static_cast<void>(co_await TcpStream::connect(*reactor, address));
      CHECK(reactor->now() - start > seconds(1));
    };
    co_await when_all(accept(), connect());
  };
  run(*reactor, body());
}

TEST_CASE("where nobody listens a client is refused, or hears nothing if that is how it is set") {
  Simulated reactor;
  const Address nobody = Address::loopback(80);
  auto attempts = [&]() -> Task<void> {
    const auto refused = co_await as_result(TcpStream::connect(*reactor, nobody));
    CHECK(refused.error().failure().check<ConnectionRefusedError>());
    reactor->network().set_refusals(false);
    auto attempt = with_timeout(seconds(100), TcpStream::connect(*reactor, nobody));
    const auto silence = co_await as_result(std::move(attempt));
    CHECK(silence.error().failure().check<TimedOut>());
  };
  run(*reactor, attempts());
}

TEST_CASE("datagrams get lost as often as they are told to, and never in part") {
  Simulated reactor;
  reactor->network().set_datagram_loss(50);
  auto body = [&]() -> Task<void> {
    DatagramSocket here = DatagramSocket::bind(*reactor, Address::loopback(0));
    DatagramSocket there = DatagramSocket::bind(*reactor, Address(IpAddress::v4({0, 0, 0, 0}), 0));
    const Address target = Address::loopback(there.local_address().port());
    for (int number = 0; number < 200; ++number) {
      co_await here.send(std::to_string(1000 + number), target);
    }
    int got = 0;
    int last = 0;
    std::array<std::byte, 8> buffer;
    for (;;) {
      auto limited = with_timeout(seconds(1), there.receive(buffer));
      const Result<Datagram> datagram = co_await as_result(std::move(limited));
      if (!datagram) break;
      const std::string text = to_string(ConstBytes(buffer).first(4));
      CHECK(std::stoi(text) > last);
      last = std::stoi(text);
      ++got;
    }
    CHECK(got > 50);
    CHECK(got < 150);
  };
  run(*reactor, body());
}

TEST_CASE("a connected datagram socket is told that nobody is there, another one is not") {
  Simulated reactor;
  auto body = [&]() -> Task<void> {
    DatagramSocket gone = DatagramSocket::bind(*reactor, Address::loopback(0));
    const Address nobody = gone.local_address();
    gone.close();
    DatagramSocket socket = DatagramSocket::bind(*reactor, Address::loopback(0));
    std::array<std::byte, 8> buffer;
    co_await socket.send("hello?", nobody);
    auto quiet = with_timeout(seconds(1), socket.receive(buffer));
    const Result<Datagram> silence = co_await as_result(std::move(quiet));
    CHECK(silence.error().code() == Errc::timed_out);
    socket.connect(nobody);
    co_await socket.send("hello?");
    const Result<Datagram> refused = co_await as_result(socket.receive(buffer));
    CHECK(refused.error().code() == std::errc::connection_refused);
  };
  run(*reactor, body());
}

TEST_CASE("a receive buffer that is full drops datagrams") {
  Simulated reactor;
  auto body = [&]() -> Task<void> {
    DatagramSocket here = DatagramSocket::bind(*reactor, Address::loopback(0));
    DatagramSocket there = DatagramSocket::bind(*reactor, Address::loopback(0));
    const std::vector<std::byte> large(65507);
    for (int number = 0; number < 10; ++number) co_await here.send(large, there.local_address());
    co_await sleep(seconds(1));
    std::vector<std::byte> buffer(65507);
    int got = 0;
    for (;;) {
      auto limited = with_timeout(seconds(1), there.receive(buffer));
      const Result<Datagram> datagram = co_await as_result(std::move(limited));
      if (!datagram) break;
      CHECK(datagram.value().size() == large.size());
      ++got;
    }
    CHECK(got == 3);
  };
  run(*reactor, body());
}

TEST_CASE("an accept without a descriptor to give waits, and loses no connection") {
  for_seeds(20, [](std::uint64_t seed) {
    Simulated reactor(seed);
    auto body = [&]() -> Task<void> {
      TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
      reactor->network().fail_next(OpCode::accept, EMFILE);
      reactor->network().fail_next(OpCode::accept, ENFILE);
      const TimePoint start = reactor->now();
      TcpStream client = co_await TcpStream::connect(*reactor, listener.local_address());
      TcpStream server = co_await listener.accept();
      CHECK(reactor->now() - start > milliseconds(50));
      CHECK(reactor->network().faults_left() == 0);
      co_await write_all(client, "hello");
      std::string text(5, ' ');
      co_await read_exactly(server, text);
      CHECK(text == "hello");
    };
    run(*reactor, body());
  });
}

TEST_CASE("an accept without a descriptor goes on as soon as one is closed here") {
  for_seeds(8, [](std::uint64_t seed) {
    Simulated reactor(seed);
    auto body = [&]() -> Task<void> {
      Pair spare;
      co_await make_pair(*reactor, spare);
      TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
      TcpStream client = co_await TcpStream::connect(*reactor, listener.local_address());
      reactor->network().fail_next(OpCode::accept, EMFILE);
      TimePoint closed;
      auto close = [&]() -> Task<void> {
        co_await sleep(std::chrono::milliseconds(5));
        spare.here.close();
        closed = reactor->now();
      };
      auto accept = [&]() -> Task<void> {
        const TcpStream accepted = co_await listener.accept();
        CHECK(accepted.is_open());
        CHECK(closed != TimePoint());
        CHECK(reactor->now() - closed < std::chrono::milliseconds(5));
      };
      co_await when_all(accept(), close());
    };
    run(*reactor, body());
    CHECK(reactor->network().faults_left() == 0);
  });
}

TEST_CASE("a connection that broke before it was accepted is passed over") {
  for_seeds(8, [](std::uint64_t seed) {
    Simulated reactor(seed);
    reactor->network().fail_next(OpCode::accept, ECONNABORTED);
    reactor->network().fail_next(OpCode::accept, EPROTO);
    auto all = [&]() -> Task<void> {
      TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
      const Address where = listener.local_address();
      auto connect = [&]() -> Task<void> {
        TcpStream broken = co_await TcpStream::connect(*reactor, where);
        TcpStream sound = co_await TcpStream::connect(*reactor, where);
        CHECK(co_await read_to_end(sound) == "hello");
      };
      auto accept = [&]() -> Task<void> {
        TcpStream accepted = co_await listener.accept();
        co_await write_all(accepted, "hello");
      };
      co_await when_all(connect(), accept());
    };
    run(*reactor, all());
    CHECK(reactor->network().faults_left() == 0);
  });
}

TEST_CASE("a port whose accept fails for good says so once and stops listening") {
  class Nothing : public Protocol {
    void dataReceived(ConstBytes) override {}
  };
  Simulated reactor;
  reactor->network().fail_next(OpCode::accept, EINVAL);
  auto all = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), Factory::forProtocol<Nothing>());
    TcpStream client = co_await TcpStream::connect(*reactor, port.getHost());
    CHECK((co_await as_result(client.receive())).error().failure().check<ConnectionLost>());
    co_await port.stopListening();
  };
  run(*reactor, all());
  REQUIRE(reactor.log.size() == 1);
  CHECK(reactor.log[0].find("stops listening") != std::string::npos);
}

TEST_CASE("beyond the limit of sockets there are none to be had, until one is closed") {
  Simulated reactor;
  auto body = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    reactor->network().set_sockets_max(2);
    TcpStream client = co_await TcpStream::connect(*reactor, listener.local_address());
    CHECK_THROWS_AS(TcpListener::bind(*reactor, Address::loopback(0)), CannotListenError);
    auto refused = with_timeout(seconds(10), listener.accept());
    const auto nothing = co_await as_result(std::move(refused));
    CHECK(nothing.error().code() == Errc::timed_out);
    client.close();
    const TcpStream server = co_await listener.accept();
    CHECK(server.is_open());
  };
  run(*reactor, body());
}

TEST_CASE(
    "a fault strikes once, in its turn, and one that ends a connection ends it at both ends") {
  for_seeds(20, [](std::uint64_t seed) {
    Simulated reactor(seed);
    SimulatedNetwork& network = reactor->network();
    with_pair(*reactor, [&](Pair& pair) -> Task<void> {
      network.fail_next(OpCode::send, ENOBUFS, 1);
      CHECK(co_await pair.here.write_some("x") == 1);
      const auto failed = co_await as_result(pair.here.write_some("y"));
      CHECK(failed.error().code() == std::errc::no_buffer_space);
      CHECK(co_await pair.here.write_some("z") == 1);
      std::string text(2, ' ');
      co_await read_exactly(pair.there, text);
      CHECK(text == "xz");

      network.fail_next(OpCode::receive, ECONNRESET);
      co_await write_all(pair.here, "lost");
      std::array<std::byte, 4> buffer;
      const auto reset = co_await as_result(pair.there.read_some(buffer));
      CHECK(reset.error().code() == std::errc::connection_reset);
      const auto other = co_await as_result(pair.here.read_some(buffer));
      CHECK(other.error().code() == std::errc::connection_reset);
    });
    network.fail_next(SocketCall::bind, EACCES);
    CHECK_THROWS_AS(TcpListener::bind(*reactor, Address::loopback(0)), CannotListenError);
    CHECK(TcpListener::bind(*reactor, Address::loopback(0)).is_open());
    CHECK(network.faults_left() == 0);
  });
}

TEST_CASE("latency is what it was set to be") {
  Simulated reactor;
  reactor->network().set_latency(seconds(1), seconds(2));
  CHECK_THROWS_AS(reactor->network().set_latency(seconds(2), seconds(1)), std::invalid_argument);
  with_pair(*reactor, [&](Pair& pair) -> Task<void> {
    const TimePoint start = reactor->now();
    co_await write_all(pair.here, "x");
    std::string text(1, ' ');
    co_await read_exactly(pair.there, text);
    CHECK(reactor->now() - start >= seconds(1));
    CHECK(reactor->now() - start <= seconds(2));
  });
}

TEST_CASE("options are stored and read back, and a stale handle is refused") {
  Simulated reactor;
  SocketCalls& sockets = reactor->sockets();
  const NativeHandle socket = sockets.open(SocketFamily::ipv4, SocketType::stream).value();
  CHECK(sockets.set_option(socket, SocketOption::send_buffer, 4096));
  CHECK(sockets.get_option(socket, SocketOption::send_buffer).value() == 4096);
  CHECK(sockets.get_option(socket, SocketOption::keep_alive).value() == 0);
  CHECK(sockets.peer_address(socket).error().code() == std::errc::not_connected);
  CHECK(sockets.local_address(socket).value().size() != 0);
  sockets.close(socket);
  CHECK(sockets.get_option(socket, SocketOption::keep_alive).error().code() ==
        std::errc::bad_file_descriptor);
  sockets.close(socket);
}

}  // namespace
