// The examples of task.h and run.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

using namespace coil;

namespace {

// [answer]
Task<int> half(int number) { co_return number / 2; }
Task<int> answer() {
  int first = co_await half(42);
  int second = co_await half(42);
  co_return first + second;
}
// [/answer]

}  // namespace

TEST_CASE("run") {
  // [run]
  std::unique_ptr<Reactor> reactor = make_reactor();
  int value = run(*reactor, answer());
  // [/run]
  CHECK(value == 42);
}
