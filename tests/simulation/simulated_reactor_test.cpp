// Covers: testing/simulated_reactor.h: replay, virtual time, signals, and what can never happen.
#include <algorithm>
#include <set>
#include <thread>

#include "scenario.h"
#include "support/signals.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

using Lines = std::vector<std::string>;

// Servers, clients, datagrams, timers and a cancellation; says what happened when.
class Program {
 public:
  explicit Program(SimulatedReactor& reactor) : reactor_(reactor) {}

  Task<void> run() {
    TcpListener listener = TcpListener::bind(reactor_, Address::loopback(0));
    DatagramSocket socket = DatagramSocket::bind(reactor_, Address::loopback(0));
    note("listening on " + listener.local_address().to_string());
    auto serving = serve_some(listener);
    auto talking = talk(listener.local_address());
    auto pinging = ping(socket);
    co_await when_all(std::move(serving), std::move(talking), std::move(pinging));
  }

  Lines lines;

 private:
  static constexpr int clients = 4;

  void note(const std::string& what) {
    lines.push_back(std::to_string(reactor_.now().time_since_epoch().count()) + " " + what);
  }

  Task<void> serve_one(TcpStream stream) {
    for (;;) {
      const BufferLease lease = co_await stream.receive();
      if (lease.empty()) break;
      note("served " + std::to_string(lease.size()));
      co_await write_all(stream, lease.bytes());
    }
    co_await stream.shutdown_write();
  }

  Task<void> serve_some(TcpListener& listener) {
    auto body = [&](TaskGroup& group) -> Task<void> {
      auto serve = [this](TcpStream stream) { return serve_one(std::move(stream)); };
      for (int number = 0; number < clients; ++number) {
        TcpStream stream = co_await listener.accept();
        group.spawn(serve, std::move(stream));
      }
    };
    co_await with_task_group(body);
  }

  Task<void> client(Address server, int number) {
    TcpStream stream = co_await TcpStream::connect(reactor_, server);
    note("connected " + std::to_string(number));
    const std::string text = pattern(static_cast<std::size_t>(number + 1) * 5000);
    std::string echo(text.size(), ' ');
    auto write = [&]() -> Task<void> {
      co_await write_all(stream, text);
      co_await stream.shutdown_write();
    };
    co_await when_all(write(), read_exactly(stream, echo));
    CHECK(echo == text);
    note("done " + std::to_string(number));
  }

  Task<void> talk(Address server) {
    std::vector<Task<void>> tasks;
    for (int number = 0; number < clients; ++number) tasks.push_back(client(server, number));
    co_await when_all(std::move(tasks));
  }

  Task<void> ping(DatagramSocket& socket) {
    std::array<std::byte, 32> buffer;
    for (int number = 0; number < 5; ++number) {
      co_await socket.send("ping", socket.local_address());
      auto limited = with_timeout(std::chrono::microseconds(100), socket.receive(buffer));
      const Result<Datagram> got = co_await as_result(std::move(limited));
      note(got ? "pinged" : "missed");
      co_await sleep(std::chrono::microseconds(50));
    }
  }

  SimulatedReactor& reactor_;
};

std::pair<Lines, std::uint64_t> run_program(std::uint64_t seed) {
  Simulated reactor(seed);
  Program program(*reactor);
  run(*reactor, program.run());
  return {program.lines, reactor->trace()};
}

TEST_CASE("the same seed gives the same run, and another seed another one") {
  std::set<std::uint64_t> traces;
  for_seeds(20, [&](std::uint64_t seed) {
    const auto first = run_program(seed);
    const auto second = run_program(seed);
    CHECK(first.first == second.first);
    CHECK(first.second == second.second);
    traces.insert(first.second);
  });
  CHECK(traces.size() == 20);
}

TEST_CASE("time starts at zero and moves only by waiting, to the very moment waited for") {
  Simulated reactor;
  CHECK(reactor->now() == TimePoint());
  CHECK(reactor->name() == "simulated");
  CHECK(reactor->description() == "seed " + std::to_string(reactor->seed()));
  auto body = [&]() -> Task<void> {
    for (int turns = 0; turns < 100; ++turns) co_await yield();
    CHECK(reactor->now() == TimePoint());
    co_await sleep(hours(1000000));
    CHECK(reactor->now() == TimePoint() + hours(1000000));
    co_await sleep(Duration(1));
    CHECK(reactor->now() == TimePoint() + hours(1000000) + Duration(1));
  };
  run(*reactor, body());
  reactor->iterate(milliseconds(7));
  CHECK(reactor->now() == TimePoint() + hours(1000000) + Duration(1) + milliseconds(7));
  CHECK_FALSE(reactor->deadlocked());
}

TEST_CASE("a task that only yields does not hold the network still") {
  for_seeds(20, [](std::uint64_t seed) {
    Simulated reactor(seed);
    with_pair(*reactor, [](Pair& pair) -> Task<void> {
      co_await write_all(pair.here, "x");
      std::string got;
      auto read = [&]() -> Task<void> {
        got.resize(1);
        co_await read_exactly(pair.there, got);
      };
      auto spin = [&]() -> Task<void> {
        while (got != "x") co_await yield();
      };
      co_await when_all(read(), spin());
    });
  });
}

TEST_CASE("when nothing can ever happen, the log names who waits for what, and the run ends") {
  Simulated reactor;
  std::string from;
  auto reads = [&]() -> Task<void> {
    Pair pair;
    co_await make_pair(*reactor, pair);
    from = pair.there.local_address().to_string();
    std::array<std::byte, 1> byte;
    co_await pair.there.read_some(byte);
  };
  Event never;
  auto waits = [&]() -> Task<void> { co_await never.wait(); };
  detail::start_root<"the waiter">(*reactor, waits());
  bool cancelled = false;
  try {
    run(*reactor, reads());
  } catch (const Cancelled&) {
    cancelled = true;
  }
  CHECK(cancelled);
  CHECK(reactor->deadlocked());
  REQUIRE(reactor.log.size() == 1);
  const std::string& line = reactor.log.front();
  CHECK(line.find("nothing can ever happen: 2 tasks waiting on") == 0);
  CHECK(line.find("receive on " + from) != std::string::npos);
  CHECK(line.find("the waiter, simulated_reactor_test.cpp:") != std::string::npos);
  reactor->for_each_root([](TaskContext& root) { root.cancel(); });
  reactor->iterate();
}

TEST_CASE("a loop with nothing to do at all ends at once, and may be run again") {
  Simulated reactor;
  for (int round = 0; round < 3; ++round) reactor->run();
  CHECK(reactor->deadlocked());
  REQUIRE(reactor.log.size() == 1);
  CHECK(reactor.log.front() == "nothing can ever happen: 0 tasks waiting on nothing");
  reactor->callLater(hours(1), [&] { reactor->stop(); });
  reactor->run();
  CHECK(reactor->now() == TimePoint() + hours(1));
}

TEST_CASE("a loop that knows of other threads waits for them in real time") {
  Simulated reactor;
  reactor->set_foreign_threads(true);
  bool called = false;
  std::thread other([&] {
    reactor->callFromThread([&] {
      called = true;
      reactor->stop();
    });
  });
  reactor->run();
  other.join();
  CHECK(called);
  CHECK(reactor->now() == TimePoint());
}

TEST_CASE("a descriptor of the operating system cannot be served, and that is said") {
  Simulated reactor;
  class Reader final : public ReadDescriptor {
   public:
    NativeHandle fileno() const override { return NativeHandle(STDIN_FILENO); }
    std::optional<Failure> doRead() override { return std::nullopt; }
    void connectionLost(const Failure& reason) override { why = reason; }
    Failure why;
  };
  auto reader = std::make_shared<Reader>();
  reactor->addReader(reader);
  for (int turns = 0; turns < 5; ++turns) reactor->iterate();
  REQUIRE(reader->why);
  CHECK(reader->why.code() == std::errc::not_supported);
  CHECK(reactor->getReaders().empty());
  const auto local = reactor->sockets().open(SocketFamily::local, SocketType::stream);
  CHECK(local.error().code() == std::errc::address_family_not_supported);
}

TEST_CASE("answers come at once or later, cancellations win or lose: no value is lost either way") {
  int values = 0;
  int cancelled = 0;
  for_seeds(200, [&](std::uint64_t seed) {
    Simulated reactor(seed);
    with_pair(*reactor, [&](Pair& pair) -> Task<void> {
      co_await write_all(pair.here, "abc");
      std::string got;
      auto read = [&]() -> Task<void> {
        std::array<std::byte, 8> buffer;
        const std::size_t size = co_await pair.there.read_some(buffer);
        got += as_text(ConstBytes(buffer).first(size));
      };
      auto body = [&](TaskGroup& group) -> Task<void> {
        group.spawn(read);
        co_await sleep(std::chrono::microseconds(100));
        group.cancel();
      };
      co_await with_task_group(body);
      ++(got.empty() ? cancelled : values);
      std::string rest(3 - got.size(), ' ');
      co_await read_exactly(pair.there, rest);
      CHECK(got + rest == "abc");
    });
  });
  CHECK(values > 0);
  CHECK(cancelled > 0);
}

TEST_CASE("a raised signal is part of the run, and comes at the same moment again") {
  auto scenario = [](std::uint64_t seed, std::vector<TimePoint>& moments) {
    SimulatedReactor reactor(seed);
    SignalWatcher watcher(reactor, {signal_a, signal_b});
    auto raise = [&]() -> Task<void> {
      for (const int number : {signal_a, signal_b, signal_a}) {
        co_await sleep(milliseconds(7));
        CHECK(reactor.raise_signal(number));
      }
    };
    auto watch = [&]() -> Task<void> {
      for (int count = 0; count < 3; ++count) {
        co_await watcher.next();
        moments.push_back(reactor.now());
      }
    };
    auto both = [&]() -> Task<void> { co_await when_all(raise(), watch()); };
    run(reactor, both());
    return reactor.trace();
  };
  std::vector<TimePoint> first;
  std::vector<TimePoint> second;
  const std::uint64_t trace = scenario(1, first);
  CHECK(trace == scenario(1, second));
  CHECK(trace != SimulatedReactor(1).trace());
  CHECK(first == second);
}

TEST_CASE("a signal that nobody wants is nobody's, and watchers leave the process alone") {
  Simulated reactor;
  CHECK_FALSE(reactor->raise_signal(signal_a));
  const Disposition before(signal_a, &count_signal);
  {
    SignalWatcher watcher(*reactor, signal_a);
    CHECK(handled_by(signal_a, &count_signal));
    CHECK_FALSE(reactor->raise_signal(SIGTERM));
    CHECK_FALSE(reactor->raise_signal(0));
    CHECK_FALSE(reactor->raise_signal(-1));
    std::raise(signal_a);
    reactor->iterate();
    CHECK_FALSE(watcher.try_next());
  }
  CHECK_FALSE(reactor->raise_signal(signal_a));
}

TEST_CASE("what the process hears is no business of a simulation's watchers, and the reverse") {
  Simulated reactor;
  const Disposition before(SIGTERM, SIG_DFL);
  std::optional<SignalWatcher> watcher(std::in_place, *reactor, SIGTERM);
  reactor->callLater(milliseconds(1), [] { std::raise(SIGTERM); });
  reactor->run();  // As any program is ended.
  CHECK(reactor->exit_signal() == SIGTERM);
  CHECK_FALSE(watcher->try_next());

  Simulated other;
  const std::unique_ptr<Reactor> real = make_reactor();
  const SignalWatcher elsewhere(*real, SIGTERM);
  other->callLater(milliseconds(1), [&] { CHECK(other->raise_signal(SIGTERM)); });
  other->callLater(milliseconds(2), [&] { other->crash(); });
  other->run();
  CHECK(other->exit_signal() == SIGTERM);
}

TEST_CASE("a simulation that waits for a signal alone tells that nothing can ever happen") {
  Simulated reactor;
  SignalWatcher watcher(*reactor, signal_a);
  auto waits = [&]() -> Task<void> { co_await watcher.next(); };
  CHECK_THROWS_AS(run(*reactor, waits()), Cancelled);
  CHECK(reactor->deadlocked());
}

TEST_CASE("the end of a reactor ends tasks that wait on its network") {
  Simulated reactor;
  bool ended = false;
  auto accepts = [&]() -> Task<void> {
    TcpListener listener = TcpListener::bind(*reactor, Address::loopback(0));
    try {
      co_await listener.accept();
    } catch (const Cancelled&) {
      ended = true;
      throw;
    }
  };
  detail::start_root<"server">(*reactor, accepts());
  reactor->callLater(milliseconds(1), [&] { reactor->stop(); });
  reactor->run();
  CHECK(ended);
  CHECK(reactor->last_stop().forced() == 0);
}

}  // namespace
