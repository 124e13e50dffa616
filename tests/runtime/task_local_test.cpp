// Covers: task_local.h: who sees a binding, and for how long.
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace coil;

namespace {

const TaskLocal<std::string> name;
const TaskLocal<int> level;

Task<std::string> seen() {
  const std::string* value = co_await name.get();
  co_return value == nullptr ? "none" : *value;
}

Task<std::string> seen_later() {
  co_await yield();
  co_return co_await seen();
}

TEST_CASE("a binding is seen by what is awaited, across waits, and ends with it") {
  const auto reactor = make_reactor();
  auto all = []() -> Task<void> {
    CHECK(co_await seen() == "none");
    CHECK(co_await with_local(name, "outer", seen_later()) == "outer");
    CHECK(co_await seen() == "none");
  };
  run(*reactor, all());
}

TEST_CASE("an inner binding hides an outer one; another local is none of its business") {
  const auto reactor = make_reactor();
  auto inner = []() -> Task<std::string> {
    CHECK(*co_await level.get() == 7);
    co_return co_await seen_later();
  };
  auto outer = [&]() -> Task<void> {
    CHECK(co_await with_local(name, "inner", inner()) == "inner");
    CHECK(co_await seen() == "outer");
  };
  auto bound_outer = [&]() -> Task<void> { co_await with_local(name, "outer", outer()); };
  auto all = [&]() -> Task<void> {
    co_await with_local(level, 7, bound_outer());
    CHECK(co_await level.get() == nullptr);
  };
  run(*reactor, all());
}

TEST_CASE("spawned children and branches inherit what is bound around them, siblings do not") {
  const auto reactor = make_reactor();
  std::vector<std::string> notes;
  auto note = [&]() -> Task<void> { notes.push_back(co_await seen_later()); };
  auto children = [&](TaskGroup& group) -> Task<void> {
    group.spawn(note);
    auto bound = [&]() -> Task<void> { co_await with_local(name, "child", note()); };
    group.spawn(bound);
    group.spawn(note);
    co_return;
  };
  auto all = [&]() -> Task<void> {
    co_await with_local(name, "group", with_task_group(children));
    const auto [first, second] =
        co_await when_all(with_local(name, "branch", seen_later()), seen());
    CHECK(first == "branch");
    CHECK(second == "none");
  };
  run(*reactor, all());
  std::sort(notes.begin(), notes.end());
  CHECK(notes == std::vector<std::string>{"child", "group", "group"});
}

TEST_CASE("a timeout and a shield in between hide nothing") {
  const auto reactor = make_reactor();
  auto all = []() -> Task<void> {
    auto work = []() -> Task<void> {
      CHECK(co_await with_timeout(std::chrono::hours(1), seen_later()) == "bound");
      CHECK(co_await shielded(seen_later()) == "bound");
      const auto [one, two] = co_await when_all(shielded(seen_later()), seen());
      CHECK(one == "bound");
      CHECK(two == "bound");
    };
    co_await with_local(name, "bound", work());
  };
  run(*reactor, all());
}

TEST_CASE("a root task begins with nothing") {
  const auto reactor = make_reactor();
  auto all = [&]() -> Task<void> {
    auto work = [&]() -> Task<void> {
      CHECK(co_await Deferred<std::string>::fromCoroutine(*reactor, seen()) == "none");
    };
    co_await with_local(name, "bound", work());
  };
  run(*reactor, all());
}

TEST_CASE("an exception and a cancellation pass through, and the value goes with them") {
  const auto reactor = make_reactor();
  const TaskLocal<std::shared_ptr<int>> owner;
  auto value = std::make_shared<int>(1);
  auto fails = []() -> Task<void> {
    co_await yield();
    throw std::runtime_error("broken");
  };
  auto waits = []() -> Task<void> { co_await sleep(std::chrono::hours(1)); };
  auto all = [&]() -> Task<void> {
    const Result<> failed = co_await as_result(with_local(owner, value, fails()));
    CHECK(!failed);
    CHECK(value.use_count() == 1);
    const Result<> late =
        co_await as_result(with_timeout(Duration(1), with_local(owner, value, waits())));
    CHECK(late.error().failure().check<TimedOut>());
    CHECK(value.use_count() == 1);
  };
  run(*reactor, all());
}

TEST_CASE("whoever has the context can ask without awaiting") {
  const auto reactor = make_reactor();
  auto ask = []() -> Task<void> {
    const TaskContext& context = co_await current_context();
    CHECK(*level.find(context) == 3);
    CHECK(name.find(context) == nullptr);
  };
  auto all = [&]() -> Task<void> { co_await with_local(level, 3, ask()); };
  run(*reactor, all());
}

}  // namespace
