// The examples of error.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace coil;

namespace {

Task<void> sleeper(std::vector<std::string>& log) {
  // [cancelled]
  try {
    co_await sleep(std::chrono::hours(1));
  } catch (const Cancelled&) {
    log.push_back("told to stop");
    throw;
  }
  // [/cancelled]
}

}  // namespace

TEST_CASE("cancelled") {
  const auto reactor = make_reactor();
  std::vector<std::string> log;
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(&sleeper, outlives_group(log));
    co_await yield();
    group.cancel();
  };
  run(*reactor, with_task_group(body));
  CHECK(log == std::vector<std::string>{"told to stop"});
}

TEST_CASE("cannot listen") {
  const auto reactor = make_reactor();
  std::string taken;
  const TcpListener first = TcpListener::bind(*reactor, Address::loopback(0));
  const Address where = first.local_address();
  // [cannot listen]
  try {
    TcpListener::bind(*reactor, where);
  } catch (const CannotListenError& error) {
    taken = error.host() + " has port " + std::to_string(error.port()) + " in use";
  }
  // [/cannot listen]
  CHECK(taken == "127.0.0.1 has port " + std::to_string(where.port()) + " in use");
}

TEST_CASE("system error") {
  const auto reactor = make_reactor();
  bool other_port = false;
  auto try_another_port = [&] { other_port = true; };
  const TcpListener taken = TcpListener::bind(*reactor, Address::loopback(0));
  const Address where = taken.local_address();
  // [system error]
  try {
    TcpListener::bind(*reactor, where);
  } catch (const SystemError& error) {
    if (error.code() == std::errc::address_in_use) try_another_port();
  }
  // [/system error]
  CHECK(other_port);
}
