// The examples of failure.h.
#include <coil/net.h>
#include <coil/runtime.h>
#include <doctest/doctest.h>

using namespace coil;

TEST_CASE("trap") {
  Deferred<int> deferred;
  // [trap]
  deferred.addErrback([](Failure failure) {
    failure.trap<ConnectionLost>();  // Anything else is thrown again.
    return 0;
  });
  // [/trap]
  int result = 1;
  deferred.addCallback([&](int value) { return result = value; });
  deferred.errback(Failure(ConnectionLost(std::make_error_code(std::errc::connection_reset))));
  CHECK(result == 0);
}
