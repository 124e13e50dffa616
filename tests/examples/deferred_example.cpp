// The examples of deferred.h and deferred_list.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <vector>

using namespace coil;

TEST_CASE("chain") {
  // [chain]
  Deferred<int> deferred;
  deferred.addCallback([](int value) { return value + 1; });
  deferred.addErrback([](Failure failure) {
    failure.trap<std::runtime_error>();
    return 0;
  });
  deferred.addCallback([](int value) {
    std::printf("%d\n", value);
    return value;
  });
  deferred.callback(41);
  // [/chain]
  int result = 0;
  deferred.addCallback([&](int value) { return result = value; });
  CHECK(result == 42);
}

TEST_CASE("cancel") {
  Deferred<void> deferred;
  bool handled = false;
  // [cancel]
  deferred.addErrback([](Failure failure) { failure.trap<CancelledError>(); });
  deferred.cancel();
  // [/cancel]
  deferred.addCallback([&] { handled = true; });
  CHECK(handled);
}

TEST_CASE("await") {
  const auto reactor = make_reactor();
  auto waits = [](Deferred<int> deferred) -> Task<int> {
    // [await]
    int value = co_await deferred;
    // [/await]
    co_return value;
  };
  CHECK(run(*reactor, waits(succeed(5))) == 5);
}

TEST_CASE("gather") {
  std::size_t reported = 0;
  auto report = [&](std::size_t index) { reported = index; };
  std::vector<Deferred<int>> both(2);
  Deferred<std::vector<int>> gathered = gatherResults(both);
  // [gather]
  gathered.addErrback([&](Failure failure) {
    failure.visit<FirstError>([&](const FirstError& error) { report(error.index()); });
    return std::vector<int>();
  });
  // [/gather]
  both[1].errback(Failure(std::runtime_error("broken")));
  both[0].callback(1);
  CHECK(reported == 1);
}

TEST_CASE("list") {
  // [list]
  DeferredListOptions options = DeferredListOptions().set_fire_on_one_errback(true);
  // [/list]
  CHECK(options.fire_on_one_errback);
}
