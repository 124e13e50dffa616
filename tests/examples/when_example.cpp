// The examples of when_all.h and when_any.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <string>

using namespace coil;

namespace {

Task<std::string> read_name() { co_return "Ada"; }
Task<int> read_age() { co_return 36; }
Task<int> fetch(int mirror) {
  co_await yield();
  co_return mirror;
}

}  // namespace

TEST_CASE("all") {
  const auto reactor = make_reactor();
  auto all = []() -> Task<void> {
    // [all]
    auto [name, age] = co_await when_all(read_name(), read_age());
    // [/all]
    CHECK(name == "Ada");
    CHECK(age == 36);
  };
  run(*reactor, all());
}

TEST_CASE("any") {
  const auto reactor = make_reactor();
  int used = 0;
  auto use = [&](int value) { used = value; };
  auto all = [&](int mirror) -> Task<void> {
    // [any]
    auto race = co_await when_any(fetch(mirror), sleep(std::chrono::seconds(2)));
    if (race.first() == 0) use(race.outcome<0>().value());
    // [/any]
  };
  run(*reactor, all(3));
  CHECK(used == 3);
  auto other = [&]() -> Task<void> {
    auto race = co_await when_any(sleep(std::chrono::hours(1)), fetch(4));
    // [any]
    if (race.outcome<1>().has_value()) use(race.outcome<1>().value());
    // [/any]
  };
  run(*reactor, other());
  CHECK(used == 4);
}
