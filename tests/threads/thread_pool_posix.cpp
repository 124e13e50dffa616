// What POSIX systems make of the threads of a pool.
#include <coil/runtime.h>
#include <coil/threads.h>
#include <doctest/doctest.h>
#include <pthread.h>

#include <memory>
#include <string>
#include <utility>

#include "support/test_process.h"

using namespace coil;
using namespace coil::testing;

namespace {

ThreadPoolOptions sizes(unsigned min, unsigned max) {
  return ThreadPoolOptions().set_sizes(min, max);
}

TEST_CASE("threads have the name of their pool, cut so that the number stays") {
  for (const auto& [name, expected] :
       {std::pair("thumbs", "thumbs-0"), std::pair("a very long pool name", "a very long p-0")}) {
    ThreadPool pool(sizes(1, 1).set_name(name));
    std::string seen;
    pool.callInThread([&] { seen = name_of_this_thread(); });
    pool.start();
    pool.stop();
    CHECK(seen == expected);
  }
}

// While it lives no thread can be made: the stacks that threads would get find no room.
class NoThreads {
 public:
  NoThreads() {
    ::pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    ::pthread_attr_init(&huge);
    ::pthread_attr_setstacksize(&huge, std::size_t{1} << 47);
    ::pthread_setattr_default_np(&huge);
    ::pthread_attr_destroy(&huge);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;
  ~NoThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_;
};

TEST_CASE("where the system gives no thread, work fails and the reason is said") {
  auto held = std::make_shared<int>(0);
  std::string said;
  ThreadPool pool(sizes(0, 1).set_log_sink([&](const LogRecord& record) { said = record.text(); }));
  pool.start();
  const std::unique_ptr<Reactor> reactor = make_reactor();
  auto program = [&]() -> Task<void> {
    auto work = [held] { ++*held; };
    CHECK_THROWS_AS(co_await pool.run(work), SystemError);
  };
  {
    const NoThreads refused;
    pool.callInThread([held] { ++*held; });
    CHECK(said.find("no thread for work of thread_pool_posix.cpp") == 0);
    CHECK_THROWS_AS(pool.adjustPoolsize(1, 1), SystemError);
    run(*reactor, program());
    CHECK(held.use_count() == 1);
    CHECK(*held == 0);
    ThreadPool other(sizes(1, 1));
    CHECK_THROWS_AS(other.start(), SystemError);
  }
  pool.callInThread([held] { ++*held; });
  pool.stop();
  CHECK(*held == 1);
}

}  // namespace
