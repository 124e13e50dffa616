// Covers: transport.h: connections of protocols on a network that takes bytes in pieces of any
// size.
#include "scenario.h"
#include "support/probe.h"

using namespace coil;
using namespace coil::testing;

namespace {

TEST_CASE("large writes of one callback keep their order, however little of each goes at once") {
  for_seeds(50, [](std::uint64_t seed) {
    Simulated reactor(seed);
    auto factory = std::make_shared<ProbeFactory>();
    const std::string all = pattern(40 * 5'000);
    factory->prepare = [&](Probe& probe) {
      probe.on_made = [&](Transport& line) {
        for (ConstBytes left = all; !left.empty(); left = left.skip(5'000)) {
          line.write(left.first(5'000));
        }
        line.loseConnection();
      };
    };
    with_port(*reactor, factory, [&](TcpStream& client) -> Task<void> {
      const std::string received = co_await read_to_end(client);
      CHECK((received == all));
    });
  });
}

}  // namespace
