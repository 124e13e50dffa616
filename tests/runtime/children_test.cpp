// Covers: task_group.h, detail/child_scope.h, task_context.h: where a child lives, and when it is
// told of.
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace coil;

namespace {

std::vector<std::string> notes;

Task<void> note_view(std::string_view text) {
  co_await yield();
  notes.emplace_back(text);
}

Task<void> note_text(std::string text) {
  co_await yield();
  notes.push_back(std::move(text));
}

Task<void> note_number(long number) {
  notes.push_back(std::to_string(number));
  co_return;
}

Task<void> refuse(int) { throw std::runtime_error("no task today"); }

Task<void> fail(std::string) {
  throw std::runtime_error("began, and failed");
  co_return;
}

TEST_CASE("a child keeps what its parameters refer to, whatever they are") {
  const auto reactor = make_reactor();
  notes.clear();
  auto children = [](TaskGroup& group) -> Task<void> {
    group.spawn(&note_view, std::string(100, 'v'));
    group.spawn(&note_text, std::string(100, 't'));
    group.spawn(&note_number, 7);
    group.spawn(
        [](std::unique_ptr<int> number) -> Task<void> {
          co_await yield();
          notes.push_back(std::to_string(*number));
        },
        std::make_unique<int>(8));
    co_return;
  };
  run(*reactor, with_task_group(children));
  CHECK(notes == std::vector<std::string>{"7", std::string(100, 'v'), std::string(100, 't'), "8"});
}

TEST_CASE("children begin in the order of the calls, between what was ready before and after") {
  const auto reactor = make_reactor();
  notes.clear();
  Event first;
  Event second;
  auto wait = [](Event& event, std::string text) -> Task<void> {
    co_await event.wait();
    notes.push_back(text);
  };
  auto children = [&](TaskGroup& group) -> Task<void> {
    group.spawn(wait, outlives_group(first), std::string("woken first"));
    group.spawn(wait, outlives_group(second), std::string("woken last"));
    co_await yield();
    first.set();
    group.spawn(&note_number, 1);
    group.spawn(
        [](std::string_view text) -> Task<void> {
          notes.emplace_back(text);
          co_return;
        },
        std::string("2"));
    second.set();
  };
  run(*reactor, with_task_group(children));
  CHECK(notes == std::vector<std::string>{"woken first", "1", "2", "woken last"});
}

TEST_CASE("a function that makes no task, and a task that fails at once, fail the group") {
  const auto reactor = make_reactor();
  auto refused = [](TaskGroup& group) -> Task<void> {
    group.spawn(&refuse, 1);
    CHECK(group.has_failed());
    CHECK(group.size() == 0);
    co_return;
  };
  CHECK_THROWS_WITH(run(*reactor, with_task_group(refused)), "no task today");
  auto failed = [](TaskGroup& group) -> Task<void> {
    group.spawn(&fail, std::string("moved into the frame"));
    CHECK(!group.has_failed());
    CHECK(group.size() == 1);
    co_return;
  };
  CHECK_THROWS_WITH(run(*reactor, with_task_group(failed)), "began, and failed");
}

TEST_CASE(
    "a child that was cancelled before its turn begins, and learns of it at its first await") {
  const auto reactor = make_reactor();
  notes.clear();
  auto child = []() -> Task<void> {
    notes.emplace_back("began");
    co_await yield();
    notes.emplace_back("went on");
  };
  auto children = [&](TaskGroup& group) -> Task<void> {
    group.spawn(child);
    group.cancel();
    co_return;
  };
  run(*reactor, with_task_group(children));
  CHECK(notes == std::vector<std::string>{"began"});
}

TEST_CASE("the tree shows children in their order, whichever end first, with names and sites") {
  const auto reactor = make_reactor();
  Event end_of[4];
  auto child = [](Event& end, std::string_view own) -> Task<void> {
    TaskContext& context = co_await current_context();
    if (!own.empty()) context.set_name("to be replaced");
    if (!own.empty()) context.set_name(own);
    co_await end.wait();
  };
  auto seen = [](TaskGroup& group) {
    std::string names;
    group.context().for_each_child([&](const TaskContext& each) {
      names += std::string(each.name()) + " ";
      CHECK(std::string_view(each.site().file_name()).ends_with("children_test.cpp"));
    });
    return names;
  };
  auto children = [&](TaskGroup& group) -> Task<void> {
    group.context().set_name("group");
    static constexpr const char* names[] = {"a", "", "c", "d"};
    for (int at = 0; at < 4; ++at) {
      group.spawn(child, outlives_group(end_of[at]), std::string_view(names[at]));
    }
    co_await yield();
    CHECK(seen(group) == "a group c d ");
    end_of[2].set();
    co_await yield();
    CHECK(seen(group) == "a group d ");
    end_of[0].set();
    co_await yield();
    CHECK(seen(group) == "group d ");
    end_of[3].set();
    co_await yield();
    CHECK(seen(group) == "group ");
    end_of[1].set();
    co_await yield();
    CHECK(seen(group).empty());
  };
  run(*reactor, with_task_group(children));
}

TEST_CASE("a result that nobody took goes with its frame") {
  const auto reactor = make_reactor();
  auto counted = std::make_shared<int>(0);
  auto value = [](std::shared_ptr<int> it) -> Task<std::shared_ptr<int>> { co_return it; };
  auto failure = [](std::shared_ptr<int> it) -> Task<int> {
    throw it;
    co_return 0;
  };
  auto all = [&]() -> Task<void> {
    CHECK(co_await value(counted) == counted);
    CHECK(counted.use_count() == 1);
    try {
      co_await failure(counted);
    } catch (const std::shared_ptr<int>& thrown) {
      CHECK(thrown == counted);
    }
    CHECK(counted.use_count() == 1);
  };
  run(*reactor, all());
  CHECK(counted.use_count() == 1);
}

}  // namespace
