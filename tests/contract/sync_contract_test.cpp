// Covers: mutex.h, semaphore.h, queue.h, gate.h, cancellation.h.
#include "support/contract.h"

using namespace coil;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

using Numbers = std::vector<int>;

TEST_CASE("a mutex lets one task in at a time, in the order they came") {
  COIL_CONTRACT(reactor);
  Mutex mutex;
  Numbers seen;
  bool inside = false;
  auto task = [&](int number) -> Task<void> {
    const Mutex::Lock lock = co_await mutex.lock();
    CHECK_FALSE(std::exchange(inside, true));
    co_await yield();
    inside = false;
    seen.push_back(number);
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    for (int number = 0; number < 5; ++number) group.spawn(task, number);
    co_return;
  };
  run(*reactor, with_task_group(body));
  CHECK(seen == Numbers{0, 1, 2, 3, 4});
  CHECK_FALSE(mutex.locked());
}

TEST_CASE("cancelling a waiter removes only it, and a granted permit is kept") {
  COIL_CONTRACT(reactor);
  Semaphore permits(1);
  auto body = [&]() -> Task<void> {
    co_await permits.acquire();
    auto waits = with_timeout(milliseconds(1), permits.acquire());
    CHECK((co_await as_result(std::move(waits))).error().code() == Errc::timed_out);
    bool granted = false;
    auto granted_then_cancelled = [&]() -> Task<void> {
      co_await permits.acquire();
      granted = true;
    };
    auto race = [&](TaskGroup& group) -> Task<void> {
      group.spawn(granted_then_cancelled);
      co_await yield();
      permits.release();  // The permit is on its way …
      group.cancel();     // … before the request comes.
    };
    co_await with_task_group(race);
    CHECK(granted);
    CHECK(permits.available() == 0);
    permits.release();
  };
  run(*reactor, body());
  CHECK(permits.available() == 1);
}

TEST_CASE("a permit gives itself back: when it goes, when it is released, and by a loser") {
  COIL_CONTRACT(reactor);
  Semaphore permits(1);
  auto body = [&]() -> Task<void> {
    Semaphore::Permit permit = co_await permits.permit();
    CHECK(permit.owns());
    CHECK(permits.available() == 0);
    Semaphore::Permit moved = std::move(permit);
    CHECK_FALSE(permit.owns());
    moved.release();
    moved.release();
    CHECK(permits.available() == 1);
    auto fails = [&]() -> Task<void> {
      const Semaphore::Permit held = co_await permits.permit();
      throw std::runtime_error("while it is held");
    };
    CHECK_FALSE(co_await as_result(fails()));
    CHECK(permits.available() == 1);
    permit = co_await permits.permit();
    auto hand_over = [&]() -> Task<void> {
      co_await yield();
      permit.release();
    };
    // Both come to their end in one turn: what nobody takes is given back.
    co_await when_all(when_any(permits.permit(), yield()), hand_over());
    CHECK(permits.available() == 1);
    permit = co_await permits.permit();
    auto waits = with_timeout(milliseconds(1), permits.permit());
    CHECK((co_await as_result(std::move(waits))).error().code() == Errc::timed_out);
    CHECK(permits.available() == 0);
  };
  run(*reactor, body());
  CHECK(permits.available() == 1);
}

TEST_CASE("what is free is had without waiting, save for a task that has had its share") {
  COIL_CONTRACT(reactor);
  constexpr int times = 100'000;
  Semaphore permits(times);
  auto takes = [&]() -> Task<void> {
    for (int count = 0; count < times; ++count) co_await permits.acquire();
  };
  bool others_ran = false;
  auto other = [&]() -> Task<void> {
    co_await yield();
    others_ran = permits.available() > 0;
  };
  const std::uint64_t before = reactor->counters().resumptions;
  auto both = [&]() -> Task<void> { co_await when_all(takes(), other()); };
  run(*reactor, both());
  CHECK(others_ran);
  CHECK(reactor->counters().resumptions - before < times / 50);
}

TEST_CASE("a bounded queue holds producers back and loses nothing, also when it is closed") {
  COIL_CONTRACT(reactor);
  Queue<int> queue(2);
  Numbers seen;
  auto produce = [&]() -> Task<void> {
    for (int number = 0; number < 100; ++number) {
      co_await queue.push(number);
      CHECK(queue.size() <= 2);
    }
    queue.close();
    CHECK_FALSE(queue.try_push(1));
    const auto refused = co_await as_result(queue.push(1));
    CHECK(refused.error().code() == Errc::handle_closed);
  };
  auto consume = [&]() -> Task<void> {
    while (const std::optional<int> number = co_await queue.pop()) seen.push_back(*number);
  };
  auto body = [&]() -> Task<void> { co_await when_all(produce(), consume(), consume()); };
  run(*reactor, body());
  Numbers all;
  for (int number = 0; number < 100; ++number) all.push_back(number);
  CHECK(seen == all);
}

TEST_CASE("closing a queue wakes all who wait, on both of its ends") {
  COIL_CONTRACT(reactor);
  Queue<int> full(1);
  Queue<int> empty(1);
  int refused = 0;
  int ended = 0;
  auto produce = [&](int number) -> Task<void> {
    const auto pushed = co_await as_result(full.push(number));
    if (!pushed && pushed.error().code() == Errc::handle_closed) ++refused;
  };
  auto consume = [&]() -> Task<void> {
    const std::optional<int> nothing = co_await empty.pop();
    if (!nothing) ++ended;
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    CHECK(full.try_push(0));
    for (int number = 1; number <= 3; ++number) {
      group.spawn(produce, number);
      group.spawn(consume);
    }
    for (int turn = 0; turn < 3; ++turn) co_await yield();
    CHECK(refused + ended == 0);
    full.close();
    empty.close();
  };
  run(*reactor, with_task_group(body));
  CHECK(refused == 3);
  CHECK(ended == 3);
  CHECK(full.try_pop() == 0);
  CHECK(full.try_pop() == std::nullopt);
}

TEST_CASE("a gate refuses new work once closed and waits for the old") {
  COIL_CONTRACT(reactor);
  Gate gate;
  bool ended = false;
  auto work = [&]() -> Task<void> {
    const Gate::Pass pass = gate.enter();
    co_await sleep(milliseconds(1));
    ended = true;
  };
  auto close = [&]() -> Task<void> {
    co_await yield();
    co_await gate.close();
    CHECK(ended);
    CHECK_THROWS_AS(static_cast<void>(gate.enter()), HandleClosed);
  };
  auto body = [&]() -> Task<void> { co_await when_all(work(), close()); };
  run(*reactor, body());
}

TEST_CASE("shielded work ends in spite of a cancellation, and the next await honours it") {
  COIL_CONTRACT(reactor);
  Numbers seen;
  auto clean_up = [&]() -> Task<int> {
    co_await sleep(milliseconds(1));
    seen.push_back(1);
    co_return 2;
  };
  auto task = [&]() -> Task<void> {
    const CancellationToken token = co_await current_cancellation();
    seen.push_back(co_await shielded(clean_up()));
    CHECK(token.requested());
    co_await yield();
    seen.push_back(3);
  };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn(task);
    co_await yield();
    group.cancel();
  };
  run(*reactor, with_task_group(body));
  CHECK(seen == Numbers{1, 2});
}

TEST_CASE("a shield has a limit of its own") {
  COIL_CONTRACT(reactor);
  auto endless = []() -> Task<void> { co_await sleep(hours(1000)); };
  auto body = [&](TaskGroup& group) -> Task<void> {
    group.spawn([&]() -> Task<void> { co_await shielded(endless(), milliseconds(1)); });
    co_await yield();
    group.cancel();
  };
  run(*reactor, with_task_group(body));
}

}  // namespace
