// Covers: deferred_filesystem_lock.h.
#include <coil/runtime.h>
#include <coil/testing/clock.h>
#include <doctest/doctest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/unhandled.h"

using namespace coil;
using coil::testing::Clock;
using std::chrono::seconds;

namespace {

namespace fs = std::filesystem;

// A directory of its own, removed at the end.
class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "coil-lock-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { fs::remove_all(path_); }
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

// The number of a process that has ended.
pid_t dead_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

TEST_CASE("a free lock is taken at once, named after its owner, and given back") {
  const Directory directory;
  Clock clock;
  DeferredFilesystemLock lock(clock, directory / "lock");
  CHECK(lock.deferUntilLocked().called());
  CHECK(lock.locked());
  CHECK(lock.clean());
  CHECK(fs::read_symlink(directory / "lock") == std::to_string(::getpid()));
  CHECK_FALSE(lock.lock());
  lock.unlock();
  CHECK_FALSE(fs::is_symlink(directory / "lock"));
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
  fs::create_symlink(std::to_string(dead_process()), directory / "lock");
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
  fs::create_symlink("not a process", directory / "lock");
  DeferredFilesystemLock lock(clock, directory / "lock");
  CHECK_FALSE(lock.lock());
  CHECK(fs::is_symlink(directory / "lock"));
}

TEST_CASE("what is no link, or cannot be made, is an error, also of the Deferred") {
  const Directory directory;
  Clock clock;
  fs::create_directory(directory / "lock");
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
  CHECK_FALSE(fs::is_symlink(directory / "lock"));
}

}  // namespace
