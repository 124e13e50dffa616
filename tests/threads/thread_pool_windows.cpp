// What Windows makes of the threads of a pool.
#include <coil/runtime.h>
#include <coil/threads.h>
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>

#include "support/skip.h"
#include "support/test_process.h"

using namespace coil;
using namespace coil::testing;

namespace {

ThreadPoolOptions sizes(unsigned min, unsigned max) {
  return ThreadPoolOptions().set_sizes(min, max);
}

TEST_CASE("threads have the name of their pool, cut so that the number stays") {
  for (const auto& [name, expected] :
       {std::pair("thumbs", "thumbs-0"),
        std::pair("a very long pool name", "a very long pool name-0")}) {
    ThreadPool pool(sizes(1, 1).set_name(name));
    std::string seen;
    pool.callInThread([&] { seen = name_of_this_thread(); });
    pool.start();
    pool.stop();
    CHECK(seen == expected);
  }
}

TEST_CASE("where the system gives no thread, work fails and the reason is said") {
  note_skip("a system without threads", "Windows cannot be told to give none");
}

}  // namespace
