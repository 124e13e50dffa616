// The examples of process_output.h.
#include <coil/process.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace coil;

namespace {

template <class T>
T awaited(Reactor& reactor, Deferred<T> deferred) {
  auto waits = [](Deferred<T> result) -> Task<T> { co_return co_await std::move(result); };
  return run(reactor, waits(std::move(deferred)));
}

}  // namespace

TEST_CASE("the examples of outputs") {
  const auto reactor = make_reactor();
  // [options]
  OutputOptions options = OutputOptions().set_env(std::nullopt).set_errortoo(true);
  // [/options]
  CHECK(awaited(*reactor, getProcessOutput(*reactor, "echo", {"hello"}, options)) == "hello\n");
  Deferred<std::string> listing = getProcessOutput(*reactor, "ls", {"/no/such/place"});
  // [output]
  listing.addErrback([](Failure failure) {
    failure.trap<UnexpectedErrorOutput>();
    return failure.getErrorMessage();
  });
  // [/output]
  CHECK(awaited(*reactor, listing).find("got stderr") == 0);
  Deferred<int> value = getProcessValue(*reactor, "sh", {"-c", "kill -9 $$"});
  // [value]
  value.addErrback([](Failure failure) {
    failure.trap<ProcessSignaled>();
    return -1;
  });
  // [/value]
  CHECK(awaited(*reactor, value) == -1);
}
