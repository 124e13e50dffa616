// Covers: deferred_filesystem_lock.h.
#include <coil/runtime.h>
#include <coil/testing/clock.h>
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "support/directory.h"
#include "support/owner_link.h"
#include "support/unhandled.h"

using namespace coil;
using coil::testing::Clock;
using coil::testing::dead_process;
using coil::testing::Directory;
using coil::testing::make_owner_link;
using coil::testing::read_owner_link;
using std::chrono::seconds;

namespace {

TEST_CASE("a free lock is taken at once, named after its owner, and given back") {
  const Directory directory;
  Clock clock;
  DeferredFilesystemLock lock(clock, directory / "lock");
  CHECK(lock.deferUntilLocked().called());
  CHECK(lock.locked());
  CHECK(lock.clean());
  CHECK(read_owner_link(directory / "lock") == std::to_string(process_id()));
  CHECK_FALSE(lock.lock());
  lock.unlock();
  CHECK(read_owner_link(directory / "lock").empty());
  CHECK_THROWS_AS(lock.unlock(), std::logic_error);
  CHECK(clock.getDelayedCalls().empty());
}

TEST_CASE("a lock that is held is tried again until it is free, by one waiter at a time") {
  const Directory directory;
  Clock clock;
  DeferredFilesystemLock holder(clock, directory / "lock");
  DeferredFilesystemLock waiter(clock, directory / "lock");
  REQUIRE(holder.lock());
  Deferred<void> locked = waiter.deferUntilLocked(seconds(10));
  bool refused = false;
  waiter.deferUntilLocked().addErrback(
      [&](Failure failure) { refused = failure.check<AlreadyTryingToLockError>(); });
  CHECK(refused);
  clock.advance(seconds(3));
  CHECK_FALSE(locked.called());
  holder.unlock();
  clock.advance(seconds(1));
  CHECK(locked.called());
  CHECK(waiter.locked());
  CHECK(clock.getDelayedCalls().empty());
}

TEST_CASE("waiting ends with the time limit or a cancellation, and may begin again") {
  const Directory directory;
  Clock clock;
  DeferredFilesystemLock holder(clock, directory / "lock");
  DeferredFilesystemLock waiter(clock, directory / "lock");
  REQUIRE(holder.lock());
  bool timed_out = false;
  waiter.deferUntilLocked(seconds(2)).addErrback([&](Failure failure) {
    timed_out = failure.check<TimedOut>();
  });
  clock.advance(seconds(5));
  CHECK(timed_out);
  bool cancelled = false;
  Deferred<void> given_up = waiter.deferUntilLocked(seconds(9));
  given_up.addErrback([&](Failure failure) { cancelled = failure.check<CancelledError>(); });
  given_up.cancel();
  CHECK(cancelled);
  CHECK(clock.getDelayedCalls().empty());
  waiter.set_interval(seconds(4));
  Deferred<void> again = waiter.deferUntilLocked();
  holder.unlock();
  clock.advance(seconds(3));
  CHECK_FALSE(again.called());
  clock.advance(seconds(1));
  CHECK(waiter.locked());
}

TEST_CASE("the lock of a process that died is taken over, and is not clean") {
  const Directory directory;
  Clock clock;
  make_owner_link(directory / "lock", dead_process());
  DeferredFilesystemLock lock(clock, directory / "lock");
  CHECK(lock.lock());
  CHECK_FALSE(lock.clean());
  lock.unlock();
  CHECK(lock.lock());
  CHECK(lock.clean());
}

TEST_CASE("a link that names no process is somebody else's") {
  const Directory directory;
  Clock clock;
  make_owner_link(directory / "lock", "not a process");
  DeferredFilesystemLock lock(clock, directory / "lock");
  CHECK_FALSE(lock.lock());
  CHECK(read_owner_link(directory / "lock") == "not a process");
}

TEST_CASE("what is no link, or cannot be made, is an error, also of the Deferred") {
  const Directory directory;
  Clock clock;
  std::filesystem::create_directory(directory / "lock");
  DeferredFilesystemLock no_link(clock, directory / "lock");
  CHECK_THROWS_AS(no_link.lock(), SystemError);
  DeferredFilesystemLock nowhere(clock, directory / "missing/lock");
  bool failed = false;
  nowhere.deferUntilLocked().addErrback(
      [&](Failure failure) { failed = failure.code() == std::errc::no_such_file_or_directory; });
  CHECK(failed);
}

TEST_CASE("destroying it gives the lock back and cancels who waits") {
  const Directory directory;
  Clock clock;
  auto holder = std::make_unique<DeferredFilesystemLock>(clock, directory / "lock");
  REQUIRE(holder->lock());
  bool cancelled = false;
  {
    DeferredFilesystemLock waiter(clock, directory / "lock");
    waiter.deferUntilLocked().addErrback(
        [&](Failure failure) { cancelled = failure.check<CancelledError>(); });
  }
  CHECK(cancelled);
  CHECK(clock.getDelayedCalls().empty());
  holder.reset();
  CHECK(read_owner_link(directory / "lock").empty());
}

}  // namespace
