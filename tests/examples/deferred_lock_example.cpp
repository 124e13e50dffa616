// The examples of deferred_lock.h, deferred_queue.h and deferred_filesystem_lock.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <string>

using namespace coil;

TEST_CASE("semaphore") {
  auto upload = [](int file) { return file * 2; };
  // [semaphore]
  DeferredSemaphore slots(4);
  Deferred<int> stored = slots.run(upload, 7);  // Gives its token back, also if it fails.
  // [/semaphore]
  int got = 0;
  stored.addCallback([&](int value) { return got = value; });
  CHECK(got == 14);
  CHECK(slots.tokens() == 4);
}

TEST_CASE("lock") {
  bool was_locked = false;
  DeferredLock* used = nullptr;
  auto write_both_files = [&] { was_locked = used->locked(); };
  // [lock]
  DeferredLock lock;
  // [/lock]
  used = &lock;
  // [lock]
  Deferred<void> written = lock.run(write_both_files);
  // [/lock]
  CHECK(written.called());
  CHECK(was_locked);
}

TEST_CASE("queue") {
  std::string shown;
  auto show = [&](const std::string& line) { shown = line; };
  // [queue]
  DeferredQueue<std::string> lines;
  lines.get().addCallback([&](std::string line) { show(line); });
  lines.put("hello");
  // [/queue]
  CHECK(shown == "hello");
}

TEST_CASE("filesystem lock") {
  const auto own = make_reactor();
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / ("coil-example-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  bool wrote = false;
  auto write_spool = [&] { wrote = std::filesystem::is_symlink(directory / "spool.lock"); };
  auto body = [&](Reactor& reactor) -> Task<void> {
    // [filesystem lock]
    DeferredFilesystemLock lock(reactor, directory / "spool.lock");
    co_await lock.deferUntilLocked(std::chrono::seconds(10));
    write_spool();
    lock.unlock();
    // [/filesystem lock]
  };
  run(*own, body(*own));
  CHECK(wrote);
  std::filesystem::remove_all(directory);
}
