// One port for several reactors: by the kernel, and by handing connections round.
// Covers: shared_port.h, owned_handle.h.
#include <coil/net.h>
#include <coil/runtime/detail/thread_calls.h>
#include <coil/testing/simulated_reactor.h>
#include <coil/threads.h>
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <fstream>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/contract.h"
#include "support/probe.h"
#include "support/tcp_pair.h"
#include "support/workers.h"

using namespace coil;
using namespace coil::testing;

namespace {

// The port of the system is not the simulated reactor's, and one simulated network not another's.
bool has_no_system_sockets(Reactor& reactor) {
  if (reactor.name() != "simulated") return false;
  note_skip("a shared port", "each simulated reactor has a network of its own");
  return true;
}

Task<void> echo(TcpStream stream) {
  for (;;) {
    const BufferLease data = co_await stream.receive();
    if (data.empty()) co_return;
    co_await write_all(stream, data.bytes());
  }
}

Task<std::string> ask(Reactor& reactor, const Address& where, std::string text) {
  TcpStream stream = co_await TcpStream::connect(reactor, where);
  co_await write_all(stream, text);
  std::string answer(text.size(), '.');
  co_await read_exactly(stream, answer);
  stream.abort();
  co_return answer;
}

// Tells who serves, and then echoes.
class Named {
 public:
  explicit Named(std::size_t number) noexcept : number_(number) {}
  Task<void> operator()(TcpStream stream) const { return serve_named(std::move(stream), number_); }

 private:
  static Task<void> serve_named(TcpStream stream, std::size_t number) {
    const std::string name = std::to_string(number);
    co_await write_all(stream, name);
    co_await echo(std::move(stream));
  }

  std::size_t number_;
};

Task<void> serve_share(Reactor& reactor, std::size_t index, SharedPort port) {
  PortShare share = port.take(reactor, index);
  const Named named(index);
  co_await serve(share, named);
}

Task<void> serve_probes(Reactor& reactor, std::size_t index, SharedPort port,
                        std::atomic<int>* lost) {
  class Echo : public Protocol {
   public:
    explicit Echo(std::atomic<int>* count) : lost_(*count) {}
    void dataReceived(ConstBytes data) override { transport().write(data); }
    void connectionLost(const Failure&) override { ++lost_; }

   private:
    std::atomic<int>& lost_;
  };
  PortShare share = port.take(reactor, index);
  co_await serve_protocols(share, Factory::forProtocol<Echo>(lost));
}

// Windows has no sockets that share a port.
std::span<const Spread> spreads_of(const Reactor& reactor) {
  static constexpr std::array<Spread, 2> spreads = {Spread::reuse_port, Spread::hand_round};
  return std::span(spreads).subspan(reactor.name() == "iocp" ? 1 : 0);
}

// Threads are kept to processors on Linux, whose release 6.2 heeds which of them a listener wants.
bool keeps_connections_at_home() {
  int major = 0;
  int minor = 0;
  char dot = 0;
  std::ifstream("/proc/sys/kernel/osrelease") >> major >> dot >> minor;
  return detail::usable_cores() >= 2 && (major > 6 || (major == 6 && minor >= 2));
}

// Asks, from the processor that it is kept to, who serves there.
Task<std::set<std::string>> ask_at_home(Reactor& reactor, Address where) {
  std::set<std::string> names;
  for (int number = 0; number < 20; ++number) {
    TcpStream stream = co_await TcpStream::connect(reactor, where);
    std::string name(1, '.');
    co_await read_exactly(stream, name);
    names.insert(name);
    stream.abort();
  }
  co_return names;
}

TEST_CASE("reactors that are kept to processors get the connections that come in on those") {
  COIL_CONTRACT(reactor);
  if (has_no_system_sockets(*reactor)) return;
  const auto options = SharedPortOptions().set_spread(Spread::by_processor);
  if (reactor->name() == "iocp") {
    CHECK_THROWS_AS(SharedPort::bind(*reactor, Address::loopback(0), 2, options),
                    CannotListenError);
    return;
  }
  ReactorGroup workers(group_options(2).set_pinned(true));
  const SharedPort port = SharedPort::bind(*reactor, Address::loopback(0), 2, options);
  CHECK(port.spread() == Spread::by_processor);
  workers.start(&serve_share, port);
  ReactorGroup clients(group_options(2).set_pinned(true));
  auto all = [&]() -> Task<void> {
    for (std::size_t index = 0; index < 2; ++index) {
      const auto served_by = co_await clients[index].run(&ask_at_home, port.local_address());
      CHECK_FALSE(served_by.empty());
      if (!keeps_connections_at_home()) continue;
      CHECK(served_by.size() == 1);
      CHECK(*served_by.begin() == std::to_string(index));
    }
  };
  run(*reactor, all());
  workers.stop();
  workers.join();
}

TEST_CASE("several reactors serve one port, and every connection is served once") {
  COIL_CONTRACT(reactor);
  if (has_no_system_sockets(*reactor)) return;
  for (const Spread spread : spreads_of(*reactor)) {
    CAPTURE(static_cast<int>(spread));
    ReactorGroup workers(group_options(2));
    const SharedPort port = SharedPort::bind(*reactor, Address::loopback(0), workers.size(),
                                             SharedPortOptions().set_spread(spread));
    CHECK(port.spread() == spread);
    CHECK(port.local_address().port() != 0);
    workers.start(&serve_share, port);
    std::set<std::string> seen;
    auto all = [&]() -> Task<void> {
      // The kernel spreads by a hash of both addresses: 40 of them on one side are no accident.
      for (int number = 0; number < 40; ++number) {
        TcpStream stream = co_await TcpStream::connect(*reactor, port.local_address());
        std::string name(1, '.');
        co_await read_exactly(stream, name);
        seen.insert(name);
        if (spread == Spread::hand_round) CHECK(name == std::to_string(number % 2));
        stream.abort();
      }
    };
    run(*reactor, all());
    CHECK(seen.size() == 2);
    workers.stop();
    workers.join();
  }
}

TEST_CASE("protocols are built on each reactor, from whichever share of the port") {
  COIL_CONTRACT(reactor);
  if (has_no_system_sockets(*reactor)) return;
  for (const Spread spread : spreads_of(*reactor)) {
    std::atomic<int> lost{0};
    ReactorGroup workers(group_options(2));
    const SharedPort port = SharedPort::bind(*reactor, Address::loopback(0), workers.size(),
                                             SharedPortOptions().set_spread(spread));
    workers.start(&serve_probes, port, &lost);
    auto all = [&]() -> Task<void> {
      for (int number = 0; number < 10; ++number) {
        CHECK(co_await ask(*reactor, port.local_address(), "hello") == "hello");
      }
      TcpStream open = co_await TcpStream::connect(*reactor, port.local_address());
      co_await write_all(open, "x");
      std::string answer(1, '.');
      co_await read_exactly(open, answer);
      workers.stop();
      co_await workers.wait();
    };
    run(*reactor, all());
    CHECK(lost == 11);
  }
}

TEST_CASE("a busy port is refused before any reactor serves it") {
  COIL_CONTRACT(reactor);
  if (has_no_system_sockets(*reactor)) return;
  const TcpListener taken = TcpListener::bind(*reactor, Address::loopback(0));
  for (const Spread spread : spreads_of(*reactor)) {
    CHECK_THROWS_AS(SharedPort::bind(*reactor, taken.local_address(), 2,
                                     SharedPortOptions().set_spread(spread)),
                    CannotListenError);
  }
}

TEST_CASE("a share is taken once, and one that is never taken closes with its port") {
  COIL_CONTRACT(reactor);
  if (has_no_system_sockets(*reactor)) return;
  for (const Spread spread : spreads_of(*reactor)) {
    const SharedPort port =
        SharedPort::bind(*reactor, Address::loopback(0), 3, SharedPortOptions().set_spread(spread));
    auto all = [&]() -> Task<void> {
      PortShare share = port.take(*reactor, 0);
      CHECK_THROWS_AS(port.take(*reactor, 0), std::logic_error);
      CHECK_THROWS_AS(port.take(*reactor, 3), std::out_of_range);
      share.close();
      CHECK((co_await as_result(share.accept())).error().code() == Errc::handle_closed);
    };
    run(*reactor, all());
  }
}

TEST_CASE("a share that a reactor could not take is left for another") {
  COIL_CONTRACT(reactor);
  if (has_no_system_sockets(*reactor)) return;
  const SharedPort port = SharedPort::bind(*reactor, Address::loopback(0), 1);
  SimulatedReactor unable(test_seed());
  CHECK_THROWS_AS(port.take(unable, 0), SystemError);
  auto all = [&]() -> Task<void> {
    PortShare share = port.take(*reactor, 0);
    TcpStream one = co_await TcpStream::connect(*reactor, port.local_address());
    TcpStream got = co_await share.accept();
    CHECK(got.peer_address() == one.local_address());
  };
  run(*reactor, all());
}

TEST_CASE("when the share that accepts is closed, those that it feeds end, too") {
  COIL_CONTRACT(reactor);
  if (has_no_system_sockets(*reactor)) return;
  const SharedPort port = SharedPort::bind(*reactor, Address::loopback(0), 2,
                                           SharedPortOptions().set_spread(Spread::hand_round));
  auto all = [&]() -> Task<void> {
    PortShare first = port.take(*reactor, 0);
    PortShare second = port.take(*reactor, 1);
    TcpStream one = co_await TcpStream::connect(*reactor, port.local_address());
    TcpStream two = co_await TcpStream::connect(*reactor, port.local_address());
    TcpStream three = co_await TcpStream::connect(*reactor, port.local_address());
    TcpStream first_got = co_await first.accept();
    TcpStream third_got = co_await first.accept();
    first.close();
    // What had been handed on, before the third was, comes out before the end.
    TcpStream second_got = co_await second.accept();
    CHECK(second_got.peer_address() == two.local_address());
    CHECK((co_await as_result(second.accept())).error().code() == Errc::handle_closed);
    one.abort();
    two.abort();
    three.abort();
  };
  run(*reactor, all());
}

TEST_CASE("a share that has closed is passed over") {
  COIL_CONTRACT(reactor);
  if (has_no_system_sockets(*reactor)) return;
  const SharedPort port = SharedPort::bind(*reactor, Address::loopback(0), 3,
                                           SharedPortOptions().set_spread(Spread::hand_round));
  auto all = [&]() -> Task<void> {
    PortShare first = port.take(*reactor, 0);
    PortShare second = port.take(*reactor, 1);
    PortShare third = port.take(*reactor, 2);
    second.close();
    for (int round = 0; round < 3; ++round) {
      TcpStream one = co_await TcpStream::connect(*reactor, port.local_address());
      TcpStream two = co_await TcpStream::connect(*reactor, port.local_address());
      TcpStream here = co_await first.accept();
      TcpStream there = co_await third.accept();
      one.abort();
      two.abort();
    }
  };
  run(*reactor, all());
}

TEST_CASE("full shares leave connections in the backlog, and none is lost") {
  COIL_CONTRACT(reactor);
  if (has_no_system_sockets(*reactor)) return;
  const SharedPort port = SharedPort::bind(*reactor, Address::loopback(0), 2,
                                           SharedPortOptions().set_spread(Spread::hand_round));
  auto all = [&]() -> Task<void> {
    PortShare share = port.take(*reactor, 0);
    port.take(*reactor, 1).close();  // Nothing waits for one that has gone.
    std::vector<TcpStream> peers;
    for (int number = 0; number < 100; ++number) {
      peers.push_back(co_await TcpStream::connect(*reactor, port.local_address()));
    }
    for (int number = 0; number < 100; ++number) {
      TcpStream stream = co_await share.accept();
      const auto at = static_cast<std::size_t>(number);
      CHECK(stream.peer_address() == peers[at].local_address());
      peers[at].abort();
    }
  };
  run(*reactor, all());
}

TEST_CASE("a stream goes from one reactor to another with what was received ahead") {
  COIL_CONTRACT(reactor);
  if (has_no_system_sockets(*reactor)) return;
  ReactorThread worker(worker_options());
  auto all = [&]() -> Task<void> {
    Pair pair;
    co_await make_pair(*reactor, pair);
    co_await write_all(pair.there, "one two ");
    std::string got(4, '.');
    co_await read_exactly(pair.here, got);
    CHECK(got == "one ");
    std::vector<std::byte> unread;
    pair.here.unread("again ");
    const NativeHandle native = pair.here.release(unread);
    CHECK(!pair.here.is_open());
    CHECK_THROWS_AS(static_cast<void>(pair.here.release(unread)), HandleClosed);
    auto answers = [](Reactor& there, NativeHandle given,
                      std::vector<std::byte> before) -> Task<std::string> {
      TcpStream stream(there, given);
      stream.unread(before);
      std::string text(10, '.');
      co_await read_exactly(stream, text);
      co_await write_all(stream, "thanks");
      co_return text;
    };
    CHECK(co_await worker.run(answers, native, unread) == "again two ");
    std::string thanks(6, '.');
    co_await read_exactly(pair.there, thanks);
    CHECK(thanks == "thanks");
  };
  run(*reactor, all());
}

TEST_CASE("a handle that never arrives is closed") {
  COIL_CONTRACT(reactor);
  if (has_no_system_sockets(*reactor)) return;
  auto all = [&]() -> Task<void> {
    Pair pair;
    co_await make_pair(*reactor, pair);
    {
      std::vector<std::byte> unread;
      OwnedHandle travelling(pair.here.release(unread));
      OwnedHandle further = std::move(travelling);
      CHECK(further.valid());
      CHECK(!travelling.valid());
    }
    std::array<std::byte, 1> byte;
    CHECK(co_await pair.there.read_some(byte) == 0);
  };
  run(*reactor, all());
}

TEST_CASE("a reactor whose sockets are not the system's shares no port") {
  COIL_CONTRACT(reactor);
  if (reactor->name() != "simulated") return;
  try {
    SharedPort::bind(*reactor, Address::loopback(0), 1);
    FAIL("a simulated port was shared");
  } catch (const SystemError& error) {
    CHECK(error.code() == Errc::not_supported);
  }
}

}  // namespace
