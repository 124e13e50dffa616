// Covers: process/process.h: children that are given up, released, or alive when a reactor goes.
#include <chrono>
#include <optional>

#include "support/command_runs.h"
#include "support/contract.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::milliseconds;

TEST_CASE("a Process that goes ends its child and reaps it") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto forgets = [&]() -> Task<void> {
    Process process = co_await started(*reactor, child("forever"));
    Process other = co_await started(*reactor, child("forever"));
    process = std::move(other);  // Gives up the first one at once.
  };
  run(*reactor, forgets());
  settle(*reactor);
}

TEST_CASE("a stop of the reactor ends the children of the tasks that it cancels") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  auto waits = [&]() -> Task<void> {
    Process process = co_await started(*reactor, child("forever"));
    reactor->stop();
    co_await process.wait();
  };
  auto main = Deferred<void>::fromCoroutine(*reactor, waits());
  main.addErrback([](const Failure&) {});
  reactor->run();
  CHECK(has_no_child());
  CHECK(reactor->last_stop().forced() == 0);
}

TEST_CASE("clean-up in the middle of a stop may wait for its child") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  std::optional<ExitStatus> status;
  auto ends_it = [&](Process& process) -> Task<void> {
    process.input().close();
    status = co_await process.wait();
  };
  auto waits = [&]() -> Task<void> {
    Process process = Process::spawn(*reactor, child("wait"));
    bool told = false;
    try {
      reactor->stop();
      co_await process.wait();
    } catch (const Cancelled&) {
      told = true;
    }
    CHECK(told);
    co_await shielded(ends_it(process));
  };
  auto main = Deferred<void>::fromCoroutine(*reactor, waits());
  main.addErrback([](const Failure&) {});
  reactor->run();
  CHECK(status == ExitStatus::exited(0));
  CHECK(has_no_child());
}

TEST_CASE("a Process that outlives the stop does not hold it up, and ends with its owner") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  {
    std::optional<Process> process;
    auto begins = [&]() -> Task<void> {
      process = co_await started(*reactor, child("forever"));
      reactor->stop();
    };
    auto main = Deferred<void>::fromCoroutine(*reactor, begins());
    reactor->run();
    CHECK(reactor->last_stop().forced() == 0);
    CHECK(is_there(process->pid()));
  }
  // The reactor, which goes next, waits for the end.
}

TEST_CASE("where nobody turns the loop any more, its end reaps what was given up") {
  COIL_KERNEL_CONTRACT(reactor, "processes");
  {
    auto made = make_contract_reactor();
    Process process = run(*made, started(*made, child("forever")));
    Process other = run(*made, started(*made, child("stubborn").set_grace(milliseconds(10))));
  }
  CHECK(has_no_child());
}
