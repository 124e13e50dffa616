// Covers: transport.h, ports.h: a connection that changes between a protocol and a coroutine.
#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

// Reads one line, then leaves the connection to whoever waits for `stream`.
class Greeter : public Protocol {
 public:
  explicit Greeter(Strings* notes) : seen(*notes) {}
  void connectionMade() override { seen.push_back("made"); }
  void dataReceived(ConstBytes data) override {
    seen.push_back("data");
    line += as_text(data);
    const std::size_t end = line.find('\n');
    if (end == std::string::npos) return;
    const std::string rest = line.substr(end + 1);
    line.resize(end);
    transport().write(answer);
    stream = transport().detach(ConstBytes(rest));
    transport().write("nobody hears this");
    transport().loseConnection();
  }
  void connectionLost(const Failure&) override { seen.push_back("lost"); }
  Transport& connection() { return transport(); }

  Strings& seen;
  std::string line;
  std::string answer = "hello\n";
  std::optional<Deferred<TcpStream>> stream;
};

// A connection whose other end `greeter` serves.
Task<TcpStream> greeted(Reactor& reactor, std::shared_ptr<Greeter> greeter) {
  Pair pair;
  co_await make_pair(reactor, pair);
  attach(std::move(pair.there), std::move(greeter));
  co_return std::move(pair.here);
}

TEST_CASE("a coroutine takes over in mid-stream: no byte is lost, twice, or out of order") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto greeter = std::make_shared<Greeter>(&seen);
  auto all = [&]() -> Task<void> {
    TcpStream client = co_await greeted(*reactor, greeter);
    co_await write_all(client, "Ada\nbinary ");
    while (!greeter->stream) co_await yield();
    TcpStream stream = co_await *greeter->stream;
    std::string text(7, '.');
    co_await read_exactly(stream, text);
    CHECK(text == "binary ");
    co_await write_all(client, "more binary");
    text.assign(11, '.');
    co_await read_exactly(stream, text);
    CHECK(text == "more binary");
    co_await write_all(stream, "goodbye\n");
    stream.close();
    const std::string answer = co_await read_to_end(client);
    CHECK(answer == "hello\ngoodbye\n");
  };
  run(*reactor, all());
  CHECK(greeter->line == "Ada");
  CHECK(seen == Strings{"made", "data"});  // And never that it was lost.
}

TEST_CASE("what a protocol wrote goes out before the stream is handed over, however much it is") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto greeter = std::make_shared<Greeter>(&seen);
  greeter->answer = std::string(4'000'000, 'x');
  auto all = [&]() -> Task<void> {
    TcpStream client = co_await greeted(*reactor, greeter);
    co_await write_all(client, "Ada\n");
    while (!greeter->stream) co_await yield();
    CHECK_FALSE(greeter->stream->called());
    auto take = [&]() -> Task<void> {
      TcpStream stream = co_await *greeter->stream;
      co_await write_all(stream, "end");
    };
    auto read = [&]() -> Task<void> {
      const std::string text = co_await read_to_end(client);
      CHECK(text.size() == 4'000'003);
      CHECK(text.substr(4'000'000) == "end");
    };
    co_await when_all(take(), read());
  };
  run(*reactor, all());
}

TEST_CASE("a connection goes to a coroutine and back to a protocol, which gets what is left") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto greeter = std::make_shared<Greeter>(&seen);
  Strings probed;
  auto probe = std::make_shared<Probe>(&probed);
  auto all = [&]() -> Task<void> {
    TcpStream client = co_await greeted(*reactor, greeter);
    co_await write_all(client, "Ada\nfourfive");
    while (!greeter->stream) co_await yield();
    TcpStream stream = co_await *greeter->stream;
    std::string text(4, '.');
    co_await read_exactly(stream, text);
    CHECK(text == "four");
    attach(std::move(stream), probe);
    CHECK(probed.empty());  // Not from inside the call.
    while (probe->received.size() < 4) co_await yield();
    CHECK(probe->received == "five");
    client.close();
    while (probed.back() != "lost") co_await yield();
  };
  run(*reactor, all());
  CHECK(probed == Strings{"made", "lost"});
}

TEST_CASE("a connection is handed over from outside any callback, while a read is under way") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto greeter = std::make_shared<Greeter>(&seen);
  auto all = [&]() -> Task<void> {
    TcpStream client = co_await greeted(*reactor, greeter);
    co_await write_all(client, "no end of line");
    while (greeter->line.empty()) co_await yield();
    for (int turn = 0; turn < 5; ++turn) co_await yield();
    Deferred<TcpStream> taken = greeter->connection().detach(ConstBytes());
    co_await write_all(client, "for the coroutine");
    TcpStream stream = co_await taken;
    std::string text(17, '.');
    co_await read_exactly(stream, text);
    CHECK(text == "for the coroutine");
  };
  run(*reactor, all());
  CHECK(greeter->line == "no end of line");
  CHECK(seen == Strings{"made", "data"});
}

TEST_CASE("a connection that pauses is handed over with what had arrived") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto greeter = std::make_shared<Greeter>(&seen);
  auto all = [&]() -> Task<void> {
    TcpStream client = co_await greeted(*reactor, greeter);
    while (seen.empty()) co_await yield();
    greeter->connection().pauseProducing();
    co_await write_all(client, "kept");
    for (int turn = 0; turn < 10; ++turn) co_await sleep(Duration::zero());
    Deferred<TcpStream> taken = greeter->connection().detach(ConstBytes());
    TcpStream stream = co_await taken;
    client.close();
    const std::string text = co_await read_to_end(stream);
    CHECK(text == "kept");
  };
  run(*reactor, all());
  CHECK(seen == Strings{"made"});
}

TEST_CASE("a connection that ends is not handed over, and one that breaks meanwhile says so") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto greeter = std::make_shared<Greeter>(&seen);
  auto all = [&]() -> Task<void> {
    TcpStream client = co_await greeted(*reactor, greeter);
    while (seen.empty()) co_await yield();
    greeter->connection().loseConnection();
    CHECK_THROWS_AS(greeter->connection().detach(ConstBytes()), std::logic_error);
    static_cast<void>(co_await read_to_end(client));
    while (seen.back() != "lost") co_await yield();

    greeter->answer = std::string(4'000'000, 'x');
    TcpStream second = co_await greeted(*reactor, greeter);
    co_await write_all(second, "Ada\n");
    while (!greeter->stream) co_await yield();
    second.abort();
    Result<TcpStream> stream = co_await as_result(*greeter->stream);
    if (stream) {  // All of it was on its way before the reset was known.
      const Result<std::string> text = co_await as_result(read_to_end(*stream));
      CHECK_FALSE(text.has_value());
    } else {
      CHECK(stream.error().failure().check<ConnectionLost>());
    }
  };
  run(*reactor, all());
  CHECK(seen == Strings{"made", "lost", "made", "data"});
}

TEST_CASE("a connection whose output the stop of the reactor cuts short is not handed over") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto greeter = std::make_shared<Greeter>(&seen);
  greeter->answer = std::string(40'000'000, 'x');  // More than any kernel takes at once.
  bool handed_over = false;
  Failure why;
  TcpStream client;
  auto all = [&]() -> Task<void> {
    client = co_await greeted(*reactor, greeter);
    co_await write_all(client, "Ada\n");
    while (!greeter->stream) co_await yield();
    greeter->stream->addCallbacks([&](const TcpStream&) { handed_over = true; },
                                  [&](const Failure& failure) { why = failure; });
    reactor->stop();
  };
  detail::start_root<"client">(*reactor, all());
  reactor->run();
  CHECK_FALSE(handed_over);
  CHECK(why.code() == Errc::reactor_stopped);
  CHECK(seen == Strings{"made", "data"});
}

TEST_CASE("a port counts no connection that was handed over, and stops while it lives on") {
  COIL_CONTRACT(reactor);
  Strings seen;
  auto greeter = std::make_shared<Greeter>(&seen);
  class Single : public Factory {
   public:
    std::shared_ptr<Protocol> buildProtocol(const Address&) override { return made; }
    std::shared_ptr<Greeter> made;
  };
  auto factory = std::make_shared<Single>();
  factory->made = greeter;
  auto all = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
    TcpStream client = co_await TcpStream::connect(*reactor, port.getHost());
    co_await write_all(client, "Ada\n");
    while (!greeter->stream) co_await yield();
    TcpStream stream = co_await *greeter->stream;
    CHECK(port.connections() == 0);
    co_await port.stopListening();
    std::string answer(6, '.');
    co_await read_exactly(client, answer);
    co_await write_all(client, "still here");
    std::string text(10, '.');
    co_await read_exactly(stream, text);
    CHECK(text == "still here");
  };
  run(*reactor, all());
}

}  // namespace
