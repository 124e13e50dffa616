// Servers until Ctrl-C.
#include "common/serving.h"

#include <coil/runtime/deferred.h>

#include <cstdio>

namespace samples {

void announce(const coil::Reactor& reactor, const coil::Address& where, const char* what) {
  std::printf("listening on %s (%s, reactor %s)\n", where.to_string().c_str(), what,
              std::string(reactor.name()).c_str());
  std::fflush(stdout);
}

int run_server(coil::Reactor& reactor, const Counters& counters) {
  return run_server(reactor, counters, [&]() -> const Counters& { return counters; });
}

int run_server(coil::Reactor& reactor, const Counters& live,
               const std::function<const Counters&()>& at_end) {
  if (coil::output_is_terminal()) {
    coil::Deferred<void>::fromCoroutine(reactor, show_live(live))
        .addErrback([](const coil::Failure&) {});
  }
  const coil::TimePoint start = reactor.now();
  reactor.run();
  const std::chrono::duration<double> seconds = reactor.now() - start;
  std::printf("%sserved %s in %.1f s\n", coil::output_is_terminal() ? "\n" : "",
              at_end().text().c_str(), seconds.count());
  for (const coil::StoppedTasks& tasks : reactor.last_stop().tasks) {
    if (tasks.forced != 0) std::printf("not in time: %s\n", tasks.text().c_str());
  }
  return 0;
}

int run_server(coil::Reactor& reactor, const Counters& counters, coil::Task<void> server) {
  bool failed = false;
  coil::Deferred<void>::fromCoroutine(reactor, std::move(server))
      .addErrback([&](const coil::Failure& failure) {
        if (failure.check<coil::CancelledError>()) return;  // The reactor was stopped.
        std::fprintf(stderr, "coil: %s\n", failure.getErrorMessage().c_str());
        failed = true;
        if (reactor.can_stop()) reactor.stop();
      });
  const int status = run_server(reactor, counters);
  return failed ? 1 : status;
}

}  // namespace samples
