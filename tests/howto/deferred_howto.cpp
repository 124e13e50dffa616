// The examples of Twisted's how-to on Deferreds, and what they print. A source of data, first:
//
//   def getDummyData(inputData):
//       deferred = defer.Deferred()
//       reactor.callLater(2, deferred.callback, inputData * 3)
//       return deferred
//   def cbPrintData(result):
//       print(f"Result received: {result}")
//   deferred = getDummyData(3)
//   deferred.addCallback(cbPrintData)
//
// Then one that refuses odd numbers, behind a chain of callbacks:
//
//   class Getter:
//       def gotResults(self, x):
//           if x % 2 == 0:
//               self.d.callback(x * 3)
//           else:
//               self.d.errback(ValueError("You used an odd number!"))
//       def getDummyData(self, x):
//           self.d = defer.Deferred()
//           reactor.callLater(2, self.gotResults, x)
//           self.d.addCallback(lambda r: f"Result: {r}")
//           return self.d
//   d = g.getDummyData(3)
//   d.addCallback(cbPrintData)
//   d.addErrback(ebPrintError)
#include <string>
#include <vector>

#include "support/contract.h"

using namespace coil;
using namespace coil::testing;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

using Printed = std::vector<std::string>;

Deferred<int> get_dummy_data(Reactor& reactor, int input) {
  Deferred<int> deferred;
  reactor.callLater(milliseconds(2), [=]() mutable { deferred.callback(input * 3); });
  return deferred;
}

TEST_CASE("a callback is called with the result when it has come") {
  COIL_CONTRACT(reactor);
  Printed printed;
  Deferred<int> deferred = get_dummy_data(*reactor, 3);
  Deferred<void> shown = deferred.addCallback(
      [&](int result) { printed.push_back("Result received: " + std::to_string(result)); });
  CHECK(printed.empty());
  auto wait = [&]() -> Task<void> { co_await shown; };
  run(*reactor, wait());
  CHECK(printed == Printed{"Result received: 9"});
}

class Getter {
 public:
  explicit Getter(Reactor& reactor) : reactor_(reactor) {}
  Deferred<std::string> get_dummy_data(int x) {
    d_ = Deferred<int>();
    reactor_.callLater(milliseconds(2), [this, x] { got_results(x); });
    return d_.addCallback([](int r) { return "Result: " + std::to_string(r); });
  }

 private:
  void got_results(int x) {
    if (x % 2 == 0) {
      d_.callback(x * 3);
    } else {
      d_.errback(Failure(std::invalid_argument("You used an odd number!")));
    }
  }
  Reactor& reactor_;
  Deferred<int> d_;
};

TEST_CASE("a failure passes the callbacks by, up to the next errback") {
  COIL_CONTRACT(reactor);
  Getter getter(*reactor);
  auto ask = [&](int number) -> Printed {
    Printed printed;
    Deferred<std::string> d = getter.get_dummy_data(number);
    Deferred<void> shown =
        d.addCallback([&](const std::string& result) { printed.push_back(result); });
    shown.addErrback([&](const Failure& why) { printed.push_back(why.getErrorMessage()); });
    auto wait = [&]() -> Task<void> { co_await shown; };
    run(*reactor, wait());
    return printed;
  };
  CHECK(ask(3) == Printed{"You used an odd number!"});
  CHECK(ask(4) == Printed{"Result: 12"});
}

// An errback handles a failure, as `except` does, and the chain goes on with what it returns:
//
//   d.addCallback(fails)
//   d.addErrback(lambda failure: failure.trap(KeyError) and "default")
//   d.addErrback(lambda failure: failure.trap(ValueError) and "recovered")
//   d.addCallback(lambda value: value + "!")
TEST_CASE("trap leaves a failure of another type to the next errback") {
  Deferred<std::string> d;
  d.addCallback([](const std::string& value) -> std::string {
    throw std::invalid_argument("cannot use " + value);
  });
  d.addErrback([](const Failure& failure) {
    failure.trap<std::out_of_range>();
    return std::string("default");
  });
  d.addErrback([](const Failure& failure) {
    failure.trap<std::invalid_argument>();
    return "recovered: " + failure.getErrorMessage();
  });
  d.addCallback([](const std::string& value) { return value + "!"; });
  std::string result;
  Deferred<void> kept = d.addCallback([&](const std::string& value) { result = value; });
  d.callback("this");
  CHECK(result == "recovered: cannot use this!");
}

// Several at once:
//
//   dl = defer.DeferredList([d1, d2, d3], consumeErrors=True)
//   def printResult(result):
//       for (success, value) in result:
//           print("Success:" if success else "Failure:", value)
//   dl.addCallback(printResult)
//   d1.callback("one"); d2.errback(Exception("bang!")); d3.callback("three")
TEST_CASE("a DeferredList gives every result in the order of its inputs") {
  Printed printed;
  Deferred<std::string> d1;
  Deferred<std::string> d2;
  Deferred<std::string> d3;
  auto list = DeferredList(std::vector{d1, d2, d3}, DeferredListOptions().set_consume_errors(true));
  Deferred<void> shown = list.addCallback([&](const std::vector<Result<std::string>>& results) {
    for (const Result<std::string>& result : results) {
      printed.push_back(result ? "Success: " + *result
                               : "Failure: " + result.error().failure().getErrorMessage());
    }
  });
  d3.callback("three");
  d2.errback(Failure(std::runtime_error("bang!")));
  CHECK(printed.empty());
  d1.callback("one");
  CHECK(printed == Printed{"Success: one", "Failure: bang!", "Success: three"});
}

// Giving up, by hand and after a time:
//
//   d = slowThing()
//   d.addTimeout(10, reactor)
//   d.addErrback(lambda failure: failure.trap(TimeoutError) and "too slow")
TEST_CASE("a timeout cancels the work, and cancel fails with CancelledError") {
  COIL_CONTRACT(reactor);
  Deferred<std::string> slow = deferLater(*reactor, hours(1), [] { return std::string("done"); });
  slow.addTimeout(milliseconds(2), *reactor);
  slow.addErrback([](const Failure& failure) {
    failure.trap<TimedOut>();
    return std::string("too slow");
  });
  auto wait = [&]() -> Task<std::string> { co_return co_await slow; };
  const std::string result = run(*reactor, wait());
  CHECK(result == "too slow");

  bool cancelled = false;
  Deferred<void> never;
  never.addErrback([&](const Failure& failure) { cancelled = failure.check<CancelledError>(); });
  never.cancel();
  CHECK(cancelled);
}

// The same with a coroutine instead of a chain:
//
//   @inlineCallbacks
//   def getUsers():
//       first = yield getDummyData(1)
//       try:
//           second = yield getter.getDummyData(3)
//       except ValueError as error:
//           second = str(error)
//       return f"{first}, {second}"
TEST_CASE("inlineCallbacks reads like a function that waits") {
  COIL_CONTRACT(reactor);
  Getter getter(*reactor);
  auto both = [&]() -> Task<std::string> {
    const int first = co_await get_dummy_data(*reactor, 1);
    std::string second;
    try {
      second = co_await getter.get_dummy_data(3);
    } catch (const std::invalid_argument& error) {
      second = error.what();
    }
    co_return std::to_string(first) + ", " + second;
  };
  Deferred<std::string> answer = inlineCallbacks(*reactor, both);
  auto wait = [&]() -> Task<std::string> { co_return co_await answer; };
  const std::string result = run(*reactor, wait());
  CHECK(result == "3, You used an odd number!");
}

}  // namespace
