// Covers: timer_node.h and the private timer_queue.h, against a model.
#include "timer_queue.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <random>
#include <vector>

#include "support/test_options.h"

using namespace coil;
using coil::detail::TimerQueue;

namespace {

void ignore(TimerNode&) noexcept {}

TimePoint at(std::int64_t nanoseconds) { return TimePoint(Duration(nanoseconds)); }

TEST_CASE("equal times come in the order of adding, also when many share them") {
  TimerQueue queue(at(0));
  std::vector<std::unique_ptr<TimerNode>> nodes;
  for (int number = 0; number < 100; ++number) {
    nodes.push_back(std::make_unique<TimerNode>(&ignore));
    nodes.back()->due = at(5000);
    queue.add(*nodes.back());
  }
  CHECK(queue.next_due() <= at(5000));
  queue.collect(at(4999));
  CHECK(queue.pop_due() == nullptr);
  queue.collect(at(5000));
  for (const auto& node : nodes) CHECK(queue.pop_due() == node.get());
  CHECK(queue.pop_due() == nullptr);
  CHECK(queue.size() == 0);
}

TEST_CASE("what is added during a batch waits for the next one, and a removed one never comes") {
  TimerQueue queue(at(0));
  TimerNode first(&ignore);
  TimerNode second(&ignore);
  TimerNode late(&ignore);
  first.due = second.due = late.due = at(10);
  queue.add(first);
  queue.add(second);
  queue.collect(at(20));
  CHECK(queue.pop_due() == &first);
  queue.add(late);
  queue.remove(second);
  CHECK(queue.pop_due() == nullptr);
  queue.collect(at(20));
  CHECK(queue.pop_due() == &late);
}

TEST_CASE("the farthest time neither comes nor overflows, and time does not go back") {
  TimerQueue queue(at(1000));
  TimerNode far(&ignore);
  far.due = TimePoint::max();
  queue.add(far);
  queue.collect(at(std::int64_t{1} << 60));
  CHECK(queue.pop_due() == nullptr);
  TimerNode past(&ignore);
  past.due = at(5);
  queue.add(past);
  queue.collect(at(0));
  CHECK(queue.pop_due() == &past);
  queue.remove(far);
}

TEST_CASE("a timer that is removed before anybody asked for the time leaves nothing behind") {
  TimerQueue queue(at(0));
  std::vector<std::unique_ptr<TimerNode>> nodes;
  for (int number = 0; number < 100; ++number) {
    nodes.push_back(std::make_unique<TimerNode>(&ignore));
    nodes.back()->due = at(1000 + number);
    queue.add(*nodes.back());
    if (number % 3 != 0) queue.remove(*nodes.back());
  }
  std::size_t seen = 0;
  queue.for_each([&](TimerNode&) { ++seen; });
  CHECK(seen == queue.size());
  queue.collect(at(5000));
  for (std::size_t number = 0; number < nodes.size(); number += 3) {
    CHECK(queue.pop_due() == nodes[number].get());
  }
  CHECK(queue.pop_due() == nullptr);
  CHECK(queue.next_due() == std::nullopt);
}

TEST_CASE("twenty thousand timers come in order, from an empty queue that stood still for years") {
  constexpr std::int64_t years = 300'000'000'000'000'000;
  TimerQueue queue(at(0));
  std::mt19937_64 random(testing::test_seed());
  std::map<std::pair<std::int64_t, std::uint64_t>, TimerNode*> model;
  std::vector<std::unique_ptr<TimerNode>> nodes;
  queue.collect(at(years));
  for (std::uint64_t number = 0; number < 20'000; ++number) {
    nodes.push_back(std::make_unique<TimerNode>(&ignore));
    const std::int64_t due = years + static_cast<std::int64_t>(random() % 1'000'000'000);
    nodes.back()->due = at(number % 10 == 0 ? years + 77'777'777 : due);
    queue.add(*nodes.back());
    model[{nodes.back()->due.time_since_epoch().count(), number}] = nodes.back().get();
  }
  queue.collect(at(years + 1'000'000'000));
  for (const auto& [key, node] : model) REQUIRE(queue.pop_due() == node);
  CHECK(queue.pop_due() == nullptr);
}

// Two hundred thousand random steps, with every order compared to that of a sorted map.
TEST_CASE("the order is that of a sorted map") {
  for (std::uint64_t round = 0; round < 5; ++round) {
    std::mt19937_64 random(testing::test_seed() + round);
    std::vector<std::unique_ptr<TimerNode>> pool;
    std::vector<TimerNode*> idle;
    std::map<std::pair<std::int64_t, std::uint64_t>, TimerNode*> model;
    TimerQueue queue(at(0));
    std::int64_t now = 0;
    std::uint64_t order = 0;
    auto gap = [&] {
      constexpr std::int64_t spans[] = {1, 50, 5000, 1000000, 4000000000, 900000000000000};
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(spans[random() % 6]));
    };
    auto add = [&] {
      if (idle.empty()) {
        pool.push_back(std::make_unique<TimerNode>(&ignore));
        idle.push_back(pool.back().get());
      }
      TimerNode* node = idle.back();
      idle.pop_back();
      node->due = at(now + gap() - (random() % 4 == 0 ? 100 : 0));
      queue.add(*node);
      model[{node->due.time_since_epoch().count(), order++}] = node;
    };
    auto remove = [&] {
      auto chosen = model.begin();
      std::advance(chosen, random() % std::min<std::size_t>(model.size(), 50));
      queue.remove(*chosen->second);
      idle.push_back(chosen->second);
      model.erase(chosen);
    };
    auto advance = [&] {
      const auto next = queue.next_due();
      REQUIRE(next.has_value() == !model.empty());
      if (next) REQUIRE(next->time_since_epoch().count() <= model.begin()->first.first);
      now += gap();
      queue.collect(at(now));
      std::size_t left = random() % 4 == 0 ? random() % 3 : SIZE_MAX;
      while (left-- != 0 && !model.empty() && model.begin()->first.first <= now) {
        REQUIRE(queue.pop_due() == model.begin()->second);
        idle.push_back(model.begin()->second);
        model.erase(model.begin());
      }
    };
    for (int step = 0; step < 40000; ++step) {
      const std::uint64_t choice = random() % 10;
      if (choice < 5) {
        add();
      } else if (choice < 7 && !model.empty()) {
        remove();
      } else {
        advance();
      }
      REQUIRE(queue.size() == model.size());
    }
    for (const auto& [key, node] : model) queue.remove(*node);
  }
}

}  // namespace
