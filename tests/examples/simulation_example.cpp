// The examples of coil/testing: simulated_reactor.h, simulated_network.h and reactors.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <coil/testing/reactors.h>
#include <coil/testing/simulated_reactor.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "support/tcp_pair.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

namespace {

int scenarios = 0;

Task<void> scenario() {
  co_await sleep(milliseconds(1));
  ++scenarios;
}

Task<void> scenario(Reactor& reactor) {
  co_await sleep(std::chrono::hours(5));
  CHECK(reactor.now() >= TimePoint(std::chrono::hours(5)));
}

}  // namespace

TEST_CASE("every reactor") {
  // [every reactor]
  for (const std::string_view name : reactor_names()) {
    std::string refusal;
    if (auto reactor = make_test_reactor(name, 1, refusal)) run(*reactor, scenario());
  }
  // [/every reactor]
  CHECK(scenarios > 0);
}

TEST_CASE("fault") {
  const std::uint64_t seed = 1;
  // [fault]
  SimulatedReactor reactor(seed);
  reactor.network().fail_next(OpCode::accept, EMFILE);
  reactor.network().set_latency(milliseconds(20), milliseconds(80));
  // [/fault]
  CHECK(reactor.network().faults_left() == 1);
  testing::with_pair(reactor, [](testing::Pair& pair) -> Task<void> {
    co_await write_all(pair.here, "hello");
    std::string heard(5, '.');
    co_await read_exactly(pair.there, heard);
    CHECK(heard == "hello");  // The accept waited for a descriptor, and went on.
  });
  CHECK(reactor.network().faults_left() == 0);
  CHECK(reactor.now() >= TimePoint(milliseconds(60)));
}

TEST_CASE("replay") {
  const std::uint64_t seed = 1;
  // [replay]
  SimulatedReactor reactor(seed);
  run(reactor, scenario(reactor));  // Hours of timers pass at once.
  std::printf("seed %llu gave %016llx\n", static_cast<unsigned long long>(reactor.seed()),
              static_cast<unsigned long long>(reactor.trace()));
  // [/replay]
  SimulatedReactor again(seed);
  run(again, scenario(again));
  CHECK(again.trace() == reactor.trace());
}
