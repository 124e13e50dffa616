// Whom `coil tracker` forgets, in the time of a simulation.
#include <coil/net.h>
#include <coil/testing/simulated_reactor.h>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <string>

#include "common/samples.h"

using namespace coil;
using std::chrono::minutes;

namespace {

const Address tracker = Address::loopback(6969);

Task<std::string> get(Reactor& reactor, std::string target) {
  TcpStream stream = co_await TcpStream::connect(reactor, tracker);
  const std::string request = "GET " + target + " HTTP/1.1\r\n\r\n";
  co_await write_all(stream, request);
  std::string answer;
  std::array<std::byte, 512> chunk;
  while (const std::size_t size = co_await stream.read_some(chunk)) {
    answer += as_text(ConstBytes(chunk).first(size));
  }
  co_return answer;
}

Task<std::string> announce(Reactor& reactor, std::string arguments) {
  return get(reactor, "/announce?info_hash=twenty_bytes_of_hash&port=" + arguments);
}

TEST_CASE("who does not come back within two intervals is forgotten, and who does is not") {
  testing::SimulatedReactor reactor(1);
  auto peers = [&]() -> Task<void> {
    co_await announce(reactor, "1002");
    for (int round = 0; round < 5; ++round) {
      const std::string others = co_await announce(reactor, "1001");
      CHECK((others.find("i1002e") != std::string::npos) == (round < 4));
      const std::string all = co_await announce(reactor, "1&event=stopped");
      CHECK(all.find("i1001e") != std::string::npos);
      co_await sleep(minutes(29));
    }
    const std::string known = co_await get(reactor, "/stats");
    CHECK(known.ends_with("1 torrents, 1 peers\n"));
    reactor.stop();
  };
  auto done = Deferred<void>::fromCoroutine(reactor, peers());
  samples::ServerOptions options;
  options.listen = tracker;
  options.interval = minutes(30);
  CHECK(samples::tracker(reactor, options) == 0);
  CHECK(done.called());
}

}  // namespace
