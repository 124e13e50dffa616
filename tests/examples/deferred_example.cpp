// The examples of deferred.h, deferred_list.h, race.h and inline_callbacks.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <string>
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

TEST_CASE("race") {
  std::size_t shown = 0;
  auto show = [&](const std::vector<Failure>& failures) { shown = failures.size(); };
  std::vector<Deferred<int>> answers(2);
  // [race]
  auto fastest = race(answers);
  fastest.addErrback([&](Failure failure) -> Failure {
    failure.visit<FailureGroup>([&](const FailureGroup& group) { show(group.failures()); });
    return failure;
  });
  // [/race]
  fastest.addErrback([](Failure) { return std::pair<std::size_t, int>(); });
  for (Deferred<int>& answer : answers) answer.errback(Failure(std::runtime_error("broken")));
  CHECK(shown == 2);
}

TEST_CASE("maybe") {
  auto look_up = [](const std::string& name) -> std::string {
    if (name.empty()) throw std::invalid_argument("no name");
    return name + ".example";
  };
  const std::string name;
  // [maybe]
  Deferred<std::string> host = maybeDeferred(look_up, name);
  host.addErrback([](Failure) { return std::string("unknown"); });
  // [/maybe]
  std::string found;
  host.addCallback([&](std::string text) { return found = text; });
  CHECK(found == "unknown");
}

TEST_CASE("inlineCallbacks") {
  const auto own = make_reactor();
  Reactor& reactor = *own;
  auto first_answer = [] { return succeed(40); };
  // [inlineCallbacks]
  auto sum = [&](int more) -> Task<int> {
    int value = co_await first_answer();
    co_return value + more;
  };
  Deferred<int> total = inlineCallbacks(reactor, sum, 2);
  // [/inlineCallbacks]
  auto body = [](Deferred<int> deferred) -> Task<int> { co_return co_await deferred; };
  CHECK(run(reactor, body(total)) == 42);
}
