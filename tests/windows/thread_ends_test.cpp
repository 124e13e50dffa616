// What a thread's own objects find of each other when the thread ends.
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

namespace {

thread_local int plain = 0;
std::atomic<int> found{0};

struct AtTheEnd {
  ~AtTheEnd() { found = plain; }
  int* first_look = &plain;
};

TEST_CASE("a destructor at the end of a thread finds the thread's other objects as they were") {
  const std::unique_ptr<coil::Reactor> reactor = coil::make_reactor();
  std::thread([] {
    thread_local AtTheEnd object;
    *object.first_look = 5;
  }).join();
  CHECK(found == 5);
}

}  // namespace
