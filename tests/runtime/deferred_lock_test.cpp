// Covers: deferred_lock.h, deferred_queue.h.
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/unhandled.h"

using namespace coil;
using coil::testing::broken;
using coil::testing::Unhandled;

namespace {

using Numbers = std::vector<int>;

TEST_CASE("a lock is given out in the order it was asked for") {
  DeferredLock lock;
  Numbers seen;
  for (int number = 0; number < 3; ++number) {
    lock.acquire().addCallback([&seen, number] { seen.push_back(number); });
  }
  CHECK(lock.locked());
  CHECK(lock.waiting() == 2);
  CHECK(seen == Numbers{0});
  lock.release();
  CHECK(seen == Numbers{0, 1});
  lock.release();
  lock.release();
  CHECK(seen == Numbers{0, 1, 2});
  CHECK_FALSE(lock.locked());
  CHECK_THROWS_AS(lock.release(), std::logic_error);
}

TEST_CASE("run holds the lock until what it called has ended, well or badly") {
  DeferredLock lock;
  Deferred<int> slow;
  Numbers seen;
  lock.run([&](int more) { return slow.addCallback([more](int value) { return value + more; }); },
           2)
      .addCallback([&](int value) {
        seen.push_back(value);
        return value;
      });
  lock.run([]() -> int { throw std::runtime_error("bad"); }).addErrback([&](Failure) {
    seen.push_back(-1);
    return 0;
  });
  lock.run([&] { seen.push_back(9); });
  CHECK(seen.empty());
  CHECK(lock.waiting() == 2);
  slow.callback(1);
  CHECK(seen == Numbers{-1, 9, 3});  // It is given back before the result goes on.
  CHECK_FALSE(lock.locked());
}

TEST_CASE("cancelling a waiter takes it out of the line; after that it changes nothing") {
  DeferredLock lock;
  Deferred<void> held = lock.acquire();
  Deferred<void> waits = lock.acquire();
  Deferred<void> last = lock.acquire();
  bool cancelled = false;
  waits.addErrback([&](Failure failure) { cancelled = failure.check<CancelledError>(); });
  waits.cancel();
  CHECK(cancelled);
  CHECK(lock.waiting() == 1);
  lock.release();
  CHECK(last.called());
  last.cancel();
  CHECK(lock.locked());
  lock.release();
  CHECK_FALSE(lock.locked());
}

TEST_CASE("cancelling a run leaves the line, or ends what is running and releases") {
  DeferredLock lock;
  int cancelled = 0;
  const Deferred<int> work(Deferred<int>::Canceller([&] { ++cancelled; }));
  auto endless = [&] { return work; };
  auto quiet = [](Failure failure) {
    failure.trap<CancelledError>();
    return 0;
  };
  Deferred<int> first = lock.run(endless);
  Deferred<int> second = lock.run(endless);
  first.addErrback(quiet);
  second.addErrback(quiet);
  second.cancel();
  CHECK(cancelled == 0);
  CHECK(lock.waiting() == 0);
  first.cancel();
  CHECK(cancelled == 1);
  CHECK_FALSE(lock.locked());
}

TEST_CASE("a semaphore counts its tokens, needs one, and takes no more back than it has") {
  CHECK_THROWS_AS(DeferredSemaphore(0), std::invalid_argument);
  DeferredSemaphore slots(2);
  Numbers seen;
  for (int number = 0; number < 4; ++number) {
    slots.acquire().addCallback([&seen, number] { seen.push_back(number); });
  }
  CHECK(seen == Numbers{0, 1});
  CHECK(slots.tokens() == 0);
  CHECK(slots.limit() == 2);
  slots.release();
  slots.release();
  CHECK(seen == Numbers{0, 1, 2, 3});
  slots.release();
  slots.release();
  CHECK(slots.tokens() == 2);
  CHECK_THROWS_AS(slots.release(), std::logic_error);
}

TEST_CASE("a hundred thousand who take their turn at once need no stack") {
  DeferredLock lock;
  int calls = 0;
  lock.acquire();
  for (int count = 0; count < 100000; ++count) lock.run([&] { ++calls; });
  lock.release();
  CHECK(calls == 100000);
}

TEST_CASE("nobody overtakes while tokens are being granted") {
  DeferredLock lock;
  Numbers seen;
  lock.acquire();
  lock.acquire().addCallback([&] {
    seen.push_back(1);
    lock.acquire().addCallback([&] { seen.push_back(3); });
    lock.release();
  });
  lock.acquire().addCallback([&] {
    seen.push_back(2);
    lock.release();
  });
  lock.release();
  CHECK(seen == Numbers{1, 2, 3});
}

TEST_CASE("those who wait for a lock that goes are cancelled") {
  auto lock = std::make_unique<DeferredLock>();
  lock->acquire();
  int cancelled = 0;
  auto count = [&](Failure failure) { cancelled += failure.check<CancelledError>() ? 1 : 0; };
  lock->acquire().addErrback(count);
  lock->run([] { FAIL("it was never its turn"); }).addErrback(count);
  lock.reset();
  CHECK(cancelled == 2);
  lock = std::make_unique<DeferredLock>();
  lock->acquire();
  lock->acquire().addCallback([&] { lock.reset(); });  // Inside release().
  lock->acquire().addErrback(count);
  lock->release();
  CHECK(cancelled == 3);
  lock = std::make_unique<DeferredLock>();
  Deferred<void> work;
  const Deferred<void> ran = lock->run([&] { return work; });
  lock->acquire().addErrback(count);
  lock.reset();  // While a function has the token.
  CHECK(cancelled == 4);
  work.callback();
  CHECK(ran.called());
}

TEST_CASE("a queue hands each value to the one who waited longest, and skips the cancelled") {
  DeferredQueue<int> queue;
  Numbers seen;
  auto note = [&](int value) {
    seen.push_back(value);
    return value;
  };
  queue.put(1);
  queue.put(2);
  CHECK(queue.size() == 2);
  queue.get().addCallback(note);
  queue.get().addCallback(note);
  Deferred<int> cancelled = queue.get();
  cancelled.addErrback([](Failure failure) {
    failure.trap<CancelledError>();
    return 0;
  });
  queue.get().addCallback(note);
  cancelled.cancel();
  CHECK(queue.backlog() == 1);
  queue.put(3);
  CHECK(seen == Numbers{1, 2, 3});
  CHECK(queue.size() == 0);
}

TEST_CASE("a queue refuses values over its size and waiters over its backlog, zero included") {
  DeferredQueue<int> queue(1, 1);
  queue.put(1);
  CHECK_THROWS_AS(queue.put(2), QueueOverflow);
  queue.get();
  Deferred<int> waits = queue.get();
  CHECK_THROWS_AS(queue.get(), QueueUnderflow);
  queue.put(3);
  CHECK(waits.called());
  DeferredQueue<int> no_room(0);
  CHECK_THROWS_AS(no_room.put(1), QueueOverflow);
  Deferred<int> direct = no_room.get();
  no_room.put(1);
  CHECK(direct.called());
  DeferredQueue<int> no_backlog(std::nullopt, 0);
  CHECK_THROWS_AS(no_backlog.get(), QueueUnderflow);
  no_backlog.put(1);
  CHECK(no_backlog.get().called());
}

TEST_CASE("a queue moves values that cannot be copied") {
  DeferredQueue<std::unique_ptr<int>> queue;
  int got = 0;
  queue.put(std::make_unique<int>(4));
  queue.get().addCallback([&](std::unique_ptr<int> value) {
    got = *value;
    return value;
  });
  CHECK(got == 4);
}

}  // namespace
