// What other threads keep of a reactor thread, and for how long.
#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include <coil/threads.h>

using namespace coil;

namespace {

TEST_CASE("the wait for the end of a thread leaves nothing behind when it is given up") {
  const auto loop = std::make_shared<detail::RemoteLoop>();
  auto call = std::make_shared<detail::RemoteResult<void>>(loop);
  const std::weak_ptr<detail::RemoteCall> kept = call;
  loop->finish_at_end(call);
  call.reset();
  CHECK(kept.expired());
  loop->end();
}

TEST_CASE("a list of those who may be gone tells who is there, in order, and stays small") {
  detail::WeakList<int> list;
  std::vector<std::shared_ptr<int>> here;
  for (int number = 0; number < 1000; ++number) {
    const auto one = std::make_shared<int>(number);
    list.add(one);
    if (number % 100 == 0) here.push_back(one);
    CHECK(list.size() <= 64);
  }
  std::vector<int> told;
  list.tell_all([&](int number) { told.push_back(number); });
  CHECK(told == std::vector<int>{0, 100, 200, 300, 400, 500, 600, 700, 800, 900});
  list.tell_all([](int) { FAIL("it was told before"); });
}

}  // namespace
