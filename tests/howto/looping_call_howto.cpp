// A task that runs every second, from Twisted's how-to on scheduling:
//
//   loopTimes = 3
//   failInTheEnd = False
//   _loopCounter = 0
//
//   def runEverySecond():
//       global _loopCounter
//       if _loopCounter < loopTimes:
//           _loopCounter += 1
//           print("A new second has passed.")
//           return
//       if failInTheEnd:
//           raise Exception("Failure during loop execution.")
//       loop.stop()
//
//   def cbLoopDone(result):
//       print("Loop done.")
//       reactor.stop()
//
//   def ebLoopFailed(failure):
//       print(failure.getBriefTraceback())
//       reactor.stop()
//
//   loop = task.LoopingCall(runEverySecond)
//   loopDeferred = loop.start(1.0)
//   loopDeferred.addCallback(cbLoopDone)
//   loopDeferred.addErrback(ebLoopFailed)
//   reactor.run()
#include <string>
#include <vector>

#include "support/contract.h"

using namespace coil;
using namespace coil::testing;

namespace {

using Printed = std::vector<std::string>;

Printed run_the_loop(Reactor& reactor, int loop_times, bool fail_in_the_end) {
  Printed printed;
  int loop_counter = 0;
  LoopingCall* running = nullptr;
  LoopingCall loop(reactor, [&] {
    if (loop_counter < loop_times) {
      ++loop_counter;
      printed.push_back("A new second has passed.");
      return;
    }
    if (fail_in_the_end) throw std::runtime_error("Failure during loop execution.");
    running->stop();
  });
  running = &loop;
  Deferred<void> ended = loop.start(std::chrono::milliseconds(1));
  ended.addCallback([&] { printed.push_back("Loop done."); });
  ended.addErrback([&](const Failure& failure) { printed.push_back(failure.getErrorMessage()); });
  ended.addBoth([&](const Result<>&) { reactor.callWhenRunning([&] { reactor.stop(); }); });
  reactor.run();
  return printed;
}

TEST_CASE("a loop goes on until it is stopped") {
  COIL_CONTRACT(reactor);
  CHECK(run_the_loop(*reactor, 3, false) == Printed{"A new second has passed.",
                                                    "A new second has passed.",
                                                    "A new second has passed.", "Loop done."});
}

TEST_CASE("an exception ends the loop, and is the failure of its Deferred") {
  COIL_CONTRACT(reactor);
  CHECK(run_the_loop(*reactor, 1, true) ==
        Printed{"A new second has passed.", "Failure during loop execution."});
}

// A call that is made later, and one that is taken back:
//
//   d = task.deferLater(reactor, 3.5, f, "hello, world")
//   callID = reactor.callLater(5, f, "never")
//   callID.cancel()
TEST_CASE("deferLater calls with its arguments, and what is cancelled is not called") {
  COIL_CONTRACT(reactor);
  Printed printed;
  auto print = [&](const std::string& what) { printed.push_back(what); };
  Deferred<void> later =
      deferLater(*reactor, std::chrono::milliseconds(2), print, std::string("hello, world"));
  DelayedCall never = reactor->callLater(std::chrono::milliseconds(1), [&] { print("never"); });
  never.cancel();
  auto wait = [&]() -> Task<void> { co_await later; };
  run(*reactor, wait());
  CHECK(printed == Printed{"hello, world"});
}

}  // namespace
