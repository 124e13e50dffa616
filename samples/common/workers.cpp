// Several reactors under one: it listens, counts together, and tells them to stop.
#include "common/workers.h"

#include "common/serving.h"

#include <coil/runtime/as_result.h>
#include <coil/runtime/deferred.h>
#include <coil/runtime/reactor_factory.h>
#include <coil/runtime/sleep.h>
#include <coil/threads/reactor_group.h>

#include <cstdio>
#include <string>
#include <vector>

namespace samples {

namespace {

// One worker's counters, on a cache line that no other worker writes to.
struct alignas(64) Own {
  Counters counters;
};

coil::Task<void> work(coil::Reactor& reactor, std::size_t index, coil::SharedPort port,
                      ServeShare serve, std::vector<Own>* all) {
  co_await serve(port.take(reactor, index), (*all)[index].counters);
}

// A worker's counters change on its own thread, so that it is asked for a copy.
coil::Task<void> keep_sum(coil::ReactorGroup& workers, std::vector<Own>& all, Counters& sum) {
  for (;;) {
    Counters now;
    for (std::size_t index = 0; index < workers.size(); ++index) {
      auto copy = [own = &all[index]](coil::Reactor&) { return own->counters; };
      now += co_await workers[index].run(copy);
    }
    sum = now;
    co_await coil::sleep(std::chrono::seconds(1));
  }
}

// Ends the workers before the reactor that they were started by.
coil::Task<void> stop_all(coil::ReactorGroup& workers) {
  workers.stop();
  bool forced = false;
  try {
    // What went wrong is told by run_workers.
    static_cast<void>(co_await coil::as_result(workers.wait()));
  } catch (const coil::Cancelled&) {
    forced = true;  // Told twice.
  }
  if (!forced) co_return;
  workers.force_stop();
  throw coil::Cancelled();
}

// A worker that fails ends the server.
coil::Task<void> watch(coil::Reactor& reactor, coil::ReactorGroup& workers) {
  const coil::Result<> ended = co_await coil::as_result(workers.wait());
  if (!ended && reactor.can_stop()) reactor.stop();
}

void tell_forced(const coil::StopReport& report) {
  for (const coil::StoppedTasks& tasks : report.tasks) {
    if (tasks.forced != 0) std::printf("not in time: %s\n", tasks.text().c_str());
  }
}

}  // namespace

int run_workers(coil::Reactor& reactor, const ServerOptions& options, const char* what,
                ServeShare serve) {
  const auto spread = options.hand_round ? coil::Spread::hand_round
                      : options.pinned   ? coil::Spread::by_processor
                                         : coil::Spread::automatic;
  const coil::SharedPort port = coil::SharedPort::bind(
      reactor, options.listen, options.workers, coil::SharedPortOptions().set_spread(spread));
  std::vector<Own> all(options.workers);
  Counters sum;
  const auto kind = coil::reactor_kind_from_string(reactor.name());
  coil::ReactorGroup workers(coil::ReactorGroupOptions()
                                 .set_size(options.workers)
                                 .set_name("echo")
                                 .set_pinned(options.pinned)
                                 .set_reactor(coil::ReactorOptions().set_kind(kind.value())));
  workers.start(&work, port, serve, &all);
  announce(reactor, port.local_address(),
           (what + (", " + std::to_string(options.workers)) + " workers").c_str());

  auto stop = [&] { return coil::Deferred<void>::fromCoroutine(reactor, stop_all(workers)); };
  reactor.addSystemEventTrigger(coil::Phase::before, "shutdown", coil::Trigger(stop));
  auto ignore = [](const coil::Failure&) {};
  coil::Deferred<void>::fromCoroutine(reactor, watch(reactor, workers)).addErrback(ignore);
  coil::Deferred<void>::fromCoroutine(reactor, keep_sum(workers, all, sum)).addErrback(ignore);
  int status = 0;
  auto add_up = [&]() -> const Counters& {
    workers.stop();
    try {
      workers.join();
    } catch (...) {
      status = 1;  // Why is told below.
    }
    sum = Counters();
    for (const Own& own : all) sum += own.counters;
    return sum;
  };
  run_server(reactor, sum, add_up);
  for (std::size_t index = 0; index < workers.size(); ++index) {
    tell_forced(workers[index].last_stop());
  }
  const coil::Failure failure = workers.failure();
  if (failure) std::fprintf(stderr, "coil: %s\n", failure.getErrorMessage().c_str());
  return status;
}

}  // namespace samples
