// The examples of task_context.h and sleep.h about where a task runs.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace coil;

namespace {

std::vector<std::string> names;

// [walk]
void print(const TaskContext& context, int depth) {
  std::printf("%*s%s\n", depth * 2, "", std::string(context.name()).c_str());
  context.for_each_child([&](const TaskContext& child) { print(child, depth + 1); });
}
// [/walk]

Task<void> build_index() {
  // [current]
  TaskContext& context = co_await current_context();
  context.set_name("indexer");
  // [/current]
  co_await yield();
  names.push_back(std::string(context.name()));
}

}  // namespace

TEST_CASE("current and walk") {
  const std::unique_ptr<Reactor> owner = make_reactor();
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(&build_index);
    co_await yield();
    print(group.context(), 0);
    // [current]
    Reactor& reactor = co_await current_reactor();
    // [/current]
    CHECK(&reactor == owner.get());
  };
  run(*owner, with_task_group(body));
  CHECK(names == std::vector<std::string>{"indexer"});
}
