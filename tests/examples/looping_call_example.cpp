// The examples of looping_call.h, cooperator.h, defer_later.h and of react in run.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <cstdio>
#include <functional>

using namespace coil;

TEST_CASE("looping call") {
  const auto own = make_reactor();
  Reactor& reactor = *own;
  // [looping call]
  LoopingCall beat(reactor, [&] { std::puts("still here"); });
  Deferred<void> ended = beat.start(std::chrono::seconds(30));
  beat.stop();  // Fires `ended`.
  // [/looping call]
  CHECK(ended.called());
}

TEST_CASE("deferLater") {
  const auto own = make_reactor();
  Reactor& reactor = *own;
  // [deferLater]
  Deferred<int> sum = deferLater(reactor, std::chrono::milliseconds(5), std::plus<>(), 1, 2);
  // [/deferLater]
  auto body = [](Deferred<int> deferred) -> Task<int> { co_return co_await deferred; };
  CHECK(run(reactor, body(sum)) == 3);
}

TEST_CASE("cooperator") {
  const auto own = make_reactor();
  Reactor& reactor = *own;
  int pages = 3;
  auto index_one_page = [&] { return --pages > 0; };
  // [cooperator]
  Cooperator cooperator(reactor);
  Deferred<void> indexed = cooperator.coiterate([&] { return index_one_page(); });
  // [/cooperator]
  auto body = [](Deferred<void> deferred) -> Task<void> { co_await deferred; };
  run(reactor, body(indexed));
  CHECK(pages == 0);
}

TEST_CASE("cooperative task") {
  const auto own = make_reactor();
  Cooperator cooperator(*own);
  int pages = 3;
  auto index_one_page = [&] { return --pages > 0; };
  // [cooperative task]
  CooperativeTask task = cooperator.cooperate(index_one_page);
  task.pause();
  task.resume();
  task.whenDone().addCallback([] { std::puts("indexed"); });
  // [/cooperative task]
  auto body = [](CooperativeTask work) -> Task<void> { co_await work.whenDone(); };
  run(*own, body(task));
  CHECK(pages == 0);
}

TEST_CASE("react") {
  const auto reactor = make_reactor();
  // [react]
  auto program = [](Reactor& given) -> Task<int> {
    co_await given.callLater(std::chrono::milliseconds(5));
    co_return 3;
  };
  int status = react(*reactor, program);
  // [/react]
  CHECK(status == 3);
}
