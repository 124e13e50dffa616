// Covers: reactor.h (wait_handle, next_deadline, iterate): a loop of somebody else's that turns the
// reactor when its descriptor is readable, or when it is time, and never else.
#include <poll.h>

#include "support/contract.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

// Turns the reactor as a foreign loop does, until `done`.
template <class Done>
void turn_from_outside(Reactor& reactor, Done done) {
  const int descriptor = reactor.wait_handle()->descriptor();
  reactor.iterate();
  while (!done()) {
    const TimePoint due = reactor.next_deadline();
    int limit = -1;
    if (due != TimePoint::max()) {
      const auto rest = std::chrono::ceil<std::chrono::milliseconds>(due - reactor.now());
      limit = static_cast<int>(std::max<std::int64_t>(rest.count(), 0));
    }
    pollfd watched = {.fd = descriptor, .events = POLLIN, .revents = 0};
    ::poll(&watched, 1, limit);
    reactor.iterate();
  }
}

TEST_CASE("a conversation needs no turns but those that the descriptor asks for") {
  COIL_CONTRACT(reactor);
  if (!reactor->wait_handle()) return;  // For a loop of its own only.
  auto factory = std::make_shared<ProbeFactory>();
  factory->prepare = [](Probe& probe) {
    probe.on_data = [&probe](Transport& line) { line.write(std::exchange(probe.received, "")); };
  };
  bool over = false;
  auto talk = [&]() -> Task<void> {
    ListeningPort port = listenTCP(*reactor, Address::loopback(0), factory);
    std::vector<TcpStream> clients;
    for (int each = 0; each < 5; ++each) {
      clients.push_back(co_await TcpStream::connect(*reactor, port.getHost()));
    }
    for (int round = 0; round < 20; ++round) {
      auto one = [&](std::size_t which) -> Task<void> {
        co_await write_all(clients[which], "hello");
        std::string text(5, '.');
        co_await read_exactly(clients[which], text);
        CHECK(text == "hello");
      };
      co_await when_all(one(0), one(1), one(2), one(3), one(4));
    }
    co_await sleep(std::chrono::milliseconds(1));
    clients.clear();
    co_await port.stopListening();
    while (port.connections() != 0) co_await yield();
    over = true;
  };
  Deferred<void>::fromCoroutine(*reactor, talk()).addErrback([](const Failure& failure) {
    FAIL(failure.getErrorMessage());
  });
  turn_from_outside(*reactor, [&] { return over; });
}

}  // namespace
