// Reactors on threads of their own: bodies, values and failures from there, and every way to end.
// Covers: reactor_thread.h, reactor_group.h.
#include <coil/threads.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

#include "support/contract.h"
#include "support/latch.h"
#include "support/signals.h"
#include "support/workers.h"

using namespace coil;
using namespace coil::testing;

namespace {

Task<void> fail(Reactor&) {
  co_await yield();
  throw std::runtime_error("the body failed");
}

// Ignores that it is cancelled, until its reactor has given it up; then it uses the last chance
// that the reactor's destructor gives, so that nothing is left.
Task<void> insist_until_shutdown(Reactor& reactor) {
  const auto given_up = std::make_shared<bool>(false);
  auto give_up = [given_up] { *given_up = true; };
  reactor.addSystemEventTrigger(Phase::during, "shutdown", Trigger(give_up));
  auto insists = [](std::shared_ptr<bool> enough) -> Task<void> {
    while (!*enough) co_await sleep(std::chrono::milliseconds(1));
  };
  co_await shielded(insists(given_up));
}

TEST_CASE("a body runs on the thread's own reactor, and its value comes back to this one") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options("over-there"));
  auto all = [&]() -> Task<void> {
    const auto home = std::this_thread::get_id();
    auto body = [](Reactor& there, std::string text) -> Task<std::string> {
      co_await there.callLater(std::chrono::microseconds(1));
      CHECK(there.isInIOThread());
      co_return text + name_of_this_thread();
    };
    CHECK(co_await worker.run(body, std::string("from ")) == "from over-there");
    CHECK(std::this_thread::get_id() == home);
    auto plain = [](Reactor& there) { return there.running(); };
    CHECK(co_await worker.run(plain));
    bool done = false;
    auto nothing = [&done](Reactor&) { done = true; };
    co_await worker.run(nothing);
    CHECK(done);
  };
  run(*reactor, all());
  worker.stop();
  worker.join();
  CHECK(worker.ended());
}

TEST_CASE("what run throws over there is thrown here, and the thread goes on") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  auto all = [&]() -> Task<void> {
    const Result<> failed = co_await as_result(worker.run(&fail));
    CHECK(failed.error().failure().getErrorMessage() == "the body failed");
    auto alive = [](Reactor& there) { return there.running(); };
    CHECK(co_await worker.run(alive));
  };
  run(*reactor, all());
  worker.stop();
  worker.join();
}

TEST_CASE("cancelling run cancels the body over there, and waits for its end") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  std::atomic<int> state{0};
  auto body = [&state](Reactor&) -> Task<void> {
    state = 1;
    try {
      Event never;
      co_await never.wait();
    } catch (const Cancelled&) {
      state = 2;
      throw;
    }
  };
  bool cancelled = false;
  auto waits = [&]() -> Task<void> {
    try {
      co_await worker.run(body);
    } catch (const Cancelled&) {
      cancelled = true;
      CHECK(state == 2);
      throw;
    }
  };
  auto all = [&]() -> Task<void> {
    auto group = [&](TaskGroup& children) -> Task<void> {
      children.spawn(waits);
      auto begun = [&state](Reactor&) { return state.load() != 0; };
      while (!co_await worker.run(begun)) co_await yield();
      children.cancel();
    };
    co_await with_task_group(group);
  };
  run(*reactor, all());
  CHECK(cancelled);
  worker.stop();
  worker.join();
}

TEST_CASE("a body that has its value is not cancelled any more: the value is given") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  auto stubborn = [](Reactor&) -> Task<int> {
    try {
      Event never;
      co_await never.wait();
    } catch (const Cancelled&) {
    }
    co_return 7;
  };
  int value = 0;
  auto waits = [&]() -> Task<void> { value = co_await worker.run(stubborn); };
  auto all = [&]() -> Task<void> {
    auto group = [&](TaskGroup& children) -> Task<void> {
      children.spawn(waits);
      co_await yield();
      children.cancel();
    };
    co_await with_task_group(group);
  };
  run(*reactor, all());
  CHECK(value == 7);
  auto cancelled_before = [&]() -> Task<void> {
    (co_await current_context()).cancel();
    auto never = [](Reactor&) { FAIL("nobody asked for it any more"); };
    co_await worker.run(never);
  };
  CHECK_THROWS_AS(run(*reactor, cancelled_before()), Cancelled);
  worker.stop();
  worker.join();
}

TEST_CASE("the end of the other reactor fails those who wait, and those who come later") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  auto all = [&]() -> Task<void> {
    auto waits = [&]() -> Task<void> {
      const Result<> ended = co_await as_result(worker.run(&linger));
      CHECK(ended.error().code() == Errc::reactor_stopped);
    };
    auto stops = [&]() -> Task<void> {
      auto nothing = [](Reactor&) {};
      co_await worker.run(nothing);
      worker.stop();
      co_await worker.wait();
      CHECK(worker.ended());
    };
    co_await when_all(waits(), stops());
    const Result<> late = co_await as_result(worker.run(&linger));
    CHECK(late.error().code() == Errc::reactor_stopped);
    CHECK_THROWS_AS(worker.start(&linger), ReactorStopped);
  };
  run(*reactor, all());
  worker.stop();
  worker.force_stop();
  worker.join();
}

TEST_CASE("a body that a stop cannot end is parked, and who waited for it hears of it") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  auto all = [&]() -> Task<void> {
    auto waits = [&]() -> Task<void> {
      const Result<> ended = co_await as_result(worker.run(&insist_until_shutdown));
      CHECK(ended.error().code() == Errc::reactor_stopped);
    };
    auto stops = [&]() -> Task<void> {
      auto nothing = [](Reactor&) {};
      co_await worker.run(nothing);
      worker.force_stop();
    };
    co_await when_all(waits(), stops());
    co_await worker.wait();
    CHECK(worker.last_stop().forced() == 1);
  };
  run(*reactor, all());
}

TEST_CASE("a body that throws stops its reactor, and join gives what it threw") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  worker.start(&linger);
  worker.start(&fail);
  CHECK_THROWS_WITH_AS(worker.join(), "the body failed", std::runtime_error);
  CHECK(worker.ended());
  CHECK(worker.failure().check<std::runtime_error>());
  auto waits = [&]() -> Task<void> { co_await worker.wait(); };
  CHECK_THROWS_AS(run(*reactor, waits()), std::runtime_error);
}

TEST_CASE("what a body throws first is the failure of the thread") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  auto at_its_end = [](Reactor& there) -> Task<void> {
    try {
      co_await linger(there);
    } catch (const Cancelled&) {
      throw std::logic_error("second");
    }
  };
  worker.start(at_its_end);
  worker.start(&fail);
  CHECK_THROWS_AS(worker.join(), std::runtime_error);
}

TEST_CASE("a thread ends with its owner, whatever it does") {
  COIL_CONTRACT(reactor);
  {
    ReactorThread idle(worker_options());
  }
  {
    ReactorThread busy(worker_options());
    busy.start(&linger);
    ReactorThread moved(std::move(busy));
    moved.start(&linger);
  }
  {
    ReactorThread stopped(worker_options());
    stopped.stop();
    stopped.stop();
  }
}

TEST_CASE("a reactor that cannot be made is the constructor's failure") {
  COIL_CONTRACT(reactor);
  auto refuse = []() -> std::unique_ptr<Reactor> { throw std::runtime_error("no reactor today"); };
  CHECK_THROWS_WITH_AS(ReactorThread(worker_options().set_make(refuse)), "no reactor today",
                       std::runtime_error);
  std::atomic<int> made{0};
  auto sometimes = [&made]() {
    if (++made == 3) throw std::runtime_error("no third one");
    return make_quiet_reactor();
  };
  CHECK_THROWS_WITH_AS(ReactorGroup(group_options(3).set_make(sometimes)), "no third one",
                       std::runtime_error);
}

TEST_CASE("the wait for an end may be cancelled, and the thread lives on") {
  COIL_CONTRACT(reactor);
  ReactorThread worker(worker_options());
  auto all = [&]() -> Task<void> {
    auto waits = with_timeout(std::chrono::milliseconds(1), worker.wait());
    CHECK((co_await as_result(std::move(waits))).error().code() == Errc::timed_out);
    CHECK(!worker.ended());
  };
  run(*reactor, all());
  worker.stop();
  worker.join();
}

TEST_CASE("a task may call the thread that it runs on, and two threads each other") {
  COIL_CONTRACT(reactor);
  ReactorThread one(worker_options("one"));
  ReactorThread two(worker_options("two"));
  auto innermost = [](Reactor&) { return name_of_this_thread(); };
  auto inner = [&](Reactor&) -> Task<std::string> {
    const std::string name = co_await one.run(innermost);
    co_return name + " " + name_of_this_thread();
  };
  auto outer = [&](Reactor&) -> Task<std::string> {
    const std::string itself = co_await one.run(innermost);
    co_return itself + " " + co_await two.run(inner);
  };
  auto all = [&]() -> Task<void> { CHECK(co_await one.run(outer) == "one one two"); };
  run(*reactor, all());
}

TEST_CASE("the reactor that waits may end first: nobody calls it any more") {
  COIL_CONTRACT(reactor);
  if (stop_waits_for_nobody(*reactor)) return;
  ReactorThread worker(worker_options());
  std::atomic<bool> go{false};
  auto body = [&go](Reactor&) -> Task<void> {
    auto insists = [](std::atomic<bool>* enough) -> Task<void> {
      while (!*enough) co_await sleep(std::chrono::milliseconds(1));
    };
    co_await shielded(insists(&go));
  };
  {
    ReactorThread home(worker_options("home"));
    auto calls = [&](Reactor&) -> Task<void> { co_await worker.run(body); };
    home.start(calls);
    auto nothing = [](Reactor&) {};
    auto round = [&]() -> Task<void> { co_await home.run(nothing); };
    run(*reactor, round());
    home.stop();  // Its task waits for the body, which takes its time …
    go = true;    // … and gets it.
    home.join();
  }
  worker.stop();
  worker.join();
}

TEST_CASE("a group runs a body on each of its reactors, and stops as one") {
  COIL_CONTRACT(reactor);
  ReactorGroup workers(group_options(3));
  REQUIRE(workers.size() == 3);
  CHECK(workers[2].name() == "worker-2");
  std::atomic<unsigned> seen{0};
  auto body = [&seen](Reactor& there, std::size_t index, unsigned step) -> Task<void> {
    seen += step << (8 * index);
    co_await linger(there);
  };
  workers.start(body, 5U);
  auto all = [&]() -> Task<void> {
    auto nothing = [](Reactor&) {};
    for (std::size_t index = 0; index < 3; ++index) {
      while ((seen >> (8 * index) & 255) == 0) co_await workers[index].run(nothing);
    }
    workers.stop();
    co_await workers.wait();
  };
  run(*reactor, all());
  CHECK(seen == 0x050505);
  for (std::size_t index = 0; index < 3; ++index) CHECK(workers[index].ended());
  workers.join();
  CHECK(!workers.failure());
}

TEST_CASE("a failure of one reactor stops the whole group, and is the group's") {
  COIL_CONTRACT(reactor);
  ReactorGroup workers(group_options(3));
  Latch begun(3);
  auto body = [&begun](Reactor& there, std::size_t index) -> Task<void> {
    begun.arrive_and_wait();  // Else the last one may have been stopped before it could begin.
    if (index == 1) throw std::runtime_error("number one failed");
    co_await linger(there);
  };
  workers.start(body);
  CHECK_THROWS_WITH_AS(workers.join(), "number one failed", std::runtime_error);
  auto waits = [&]() -> Task<void> { co_await workers.wait(); };
  CHECK_THROWS_AS(run(*reactor, waits()), std::runtime_error);
}

TEST_CASE("a group has one reactor per usable processor unless it is told") {
  COIL_CONTRACT(reactor);
  ReactorGroup workers(group_options(0).set_pinned(true));
  CHECK(workers.size() >= 1);
  CHECK(workers.size() <= std::max(1U, std::thread::hardware_concurrency()));
}

TEST_CASE("a forced stop does not wait for those who insist") {
  COIL_CONTRACT(reactor);
  auto patient = [] {
    auto made = make_quiet_reactor();
    made->set_stop_deadline(std::chrono::hours(1));
    return made;
  };
  ReactorThread worker(worker_options().set_make(patient));
  worker.start(&insist_until_shutdown);
  worker.stop();
  worker.force_stop();
  worker.join();
  CHECK(worker.last_stop().forced() == 1);
}

TEST_CASE("the signals are the main reactor's, not those of a thread") {
  COIL_CONTRACT(reactor);
  const SignalFunction before = handler_of(SIGTERM);
  ReactorThread worker(worker_options());
  auto handler = [](Reactor&) { return handler_of(SIGTERM); };
  auto all = [&]() -> Task<void> {
    const auto now = co_await worker.run(handler);
    CHECK((now == before));
  };
  run(*reactor, all());
}

}  // namespace
