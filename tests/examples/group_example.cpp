// The examples of task_group.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace coil;

namespace {

std::vector<std::string> greeted;

Task<void> greet(std::string name) {
  co_await yield();
  greeted.push_back(std::move(name));
}

Task<void> count(int& total) {
  ++total;
  co_return;
}

}  // namespace

TEST_CASE("greet") {
  const auto reactor = make_reactor();
  auto all = []() -> Task<void> {
    // [greet]
    auto body = [](TaskGroup& group) -> Task<void> {
      group.spawn(&greet, std::string("Ada"));
      group.spawn(&greet, std::string("Grace"));
      co_return;
    };
    co_await with_task_group(body);  // Both have been greeted.
    // [/greet]
    CHECK(greeted == std::vector<std::string>{"Ada", "Grace"});
  };
  run(*reactor, all());
}

TEST_CASE("outlives") {
  const auto reactor = make_reactor();
  int total = 0;
  auto body = [&](TaskGroup& group) -> Task<void> {
    // [outlives]
    group.spawn(&count, outlives_group(total));
    // [/outlives]
    co_return;
  };
  run(*reactor, with_task_group(body));
  CHECK(total == 1);
}
