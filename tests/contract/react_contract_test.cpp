// Covers: run.h.
#include "support/contract.h"

#include "support/unhandled.h"

#include <csignal>

using namespace coil;
using coil::testing::broken;
using coil::testing::Unhandled;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

TEST_CASE("react gives the int that its main function came to, and fires the system events") {
  COIL_CONTRACT(reactor);
  int events = 0;
  reactor->addSystemEventTrigger(Phase::before, "shutdown", Trigger([&] { ++events; }));
  auto program = [&](Reactor& given) -> Task<int> {
    CHECK(&given == &*reactor);
    CHECK(given.running());
    co_await given.callLater(milliseconds(1));
    co_return 3;
  };
  CHECK(react(*reactor, program) == 3);
  CHECK(events == 1);
}

TEST_CASE("react gives zero for anything else, whether it came at once or later") {
  for (const bool at_once : {true, false}) {
    COIL_CONTRACT(reactor);
    auto program = [&](Reactor& given) {
      return at_once ? succeed(std::string("x"))
                     : deferLater(given, milliseconds(1), [] { return std::string("y"); });
    };
    CHECK(react(*reactor, program) == 0);
  }
  COIL_CONTRACT(reactor);
  CHECK(react(*reactor, [](Reactor&) {}) == 0);
}

TEST_CASE("react gives one after a failure, and logs it") {
  for (const bool thrown : {true, false}) {
    COIL_CONTRACT(reactor);
    auto program = [&](Reactor&) {
      if (thrown) throw std::runtime_error("broken");
      return fail(broken());
    };
    CHECK(react(*reactor, program) == 1);
    REQUIRE(reactor.log.size() == 1);
    CHECK(reactor.log[0].find("react: broken") != std::string::npos);
  }
}

TEST_CASE("a main function may stop the reactor itself, before or after it has a result") {
  for (const bool has_result : {true, false}) {
    COIL_CONTRACT(reactor);
    const Unhandled unhandled;
    auto program = [&](Reactor& given) -> Task<int> {
      given.stop();
      if (!has_result) co_await sleep(hours(1000));
      co_return 4;
    };
    CHECK(react(*reactor, program) == (has_result ? 4 : 0));
    CHECK(reactor.log.empty());
    CHECK(unhandled.seen.empty());
  }
}

TEST_CASE("a failure that comes while the reactor stops is told as well") {
  COIL_CONTRACT(reactor);
  auto program = [](Reactor& given) -> Task<void> {
    given.stop();
    try {
      co_await sleep(hours(1000));
    } catch (const Cancelled&) {
      throw std::runtime_error("clean-up failed");
    }
  };
  CHECK(react(*reactor, program) == 1);
  CHECK(reactor.log.size() == 1);
}

TEST_CASE("a reactor that was stopped is refused") {
  COIL_CONTRACT(reactor);
  CHECK(react(*reactor, [](Reactor&) {}) == 0);
  CHECK_THROWS_AS(react(*reactor, [](Reactor&) {}), ReactorNotRestartable);
}

}  // namespace
