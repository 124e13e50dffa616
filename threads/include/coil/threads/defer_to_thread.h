// deferToThread and blockingCallFromThread: results that cross between threads and a reactor.
#pragma once

#include <coil/runtime/deferred.h>
#include <coil/runtime/inline_callbacks.h>
#include <coil/runtime/reactor.h>
#include <coil/threads/detail/answer.h>
#include <coil/threads/detail/deferred_work.h>
#include <coil/threads/thread_pool.h>

#include <memory>
#include <source_location>
#include <utility>

namespace coil {

// Runs `work` on `executor`; the Deferred gives, on the reactor's thread, what comes of it.
//
// Example (tests/examples/defer_to_thread_example.cpp, "defer to pool"):
//
//   Deferred<int> sum = deferToThreadPool(reactor, pool, [] { return add_up("figures.csv"); });
//   sum.addErrback([](Failure) { return 0; });
//
// Guarantees:   Work and result are destroyed on the reactor's thread, unless that has ended.
// Errors:       What the work throws; ExecutorStopped or ReactorStopped if it never began;
//               ReactorStopped if the reactor ended first.
// Cancellation: Cancellable; if cancelled, nothing was transferred. cancel() fires CancelledError
//               at once. Work that has not begun never does; work that has begun goes on by itself,
//               and its result is dropped, on the reactor's thread. Work that takes a
//               std::stop_token is asked to end. What the work uses must therefore be its own;
//               where it uses what a task holds, the task awaits BlockingExecutor::run.
// Threads:      Reactor thread only.
// Source:       Twisted's deferToThreadPool.
template <class F>
auto deferToThreadPool(Reactor& reactor, BlockingExecutor& executor, F work,
                       std::source_location site = std::source_location::current())
    -> Deferred<detail::work_result_t<F>> {
  return detail::DeferredWork<F>::start(reactor, executor, std::move(work), site);
}

// The same on the executor that the reactor lends.
//
// Example (tests/examples/defer_to_thread_example.cpp, "defer"):
//
//   Deferred<int> sum = deferToThread(reactor, [] { return add_up("figures.csv"); });
//   sum.addErrback([](Failure) { return 0; });
template <class F>
auto deferToThread(Reactor& reactor, F work,
                   std::source_location site = std::source_location::current())
    -> Deferred<detail::work_result_t<F>> {
  return deferToThreadPool(reactor, *getThreadPool(reactor), std::move(work), site);
}

// Calls `function` on the reactor's thread, waits for what comes of it, also if that is a Deferred
// or a Task, and returns or throws it here.
//
// Example (tests/examples/defer_to_thread_example.cpp, "blocking call"):
//
//   std::size_t clients = blockingCallFromThread(reactor, [&] { return port.connections(); });
//
// Requires: The reactor has not been destroyed when this is called; it may be while this waits.
// Errors:   WrongThread on the reactor's own thread, which would wait for itself for ever;
//           ReactorStopped if the reactor ends without an answer.
// Threads:  Any thread but the reactor's.
// Source:   Twisted's blockingCallFromThread.
template <class F>
auto blockingCallFromThread(Reactor& reactor, F function) {
  using T = typename detail::TaskValue<std::invoke_result_t<F&>>::type;
  if (reactor.isInIOThread()) {
    throw WrongThread("blockingCallFromThread: the reactor's own thread would wait for itself");
  }
  const auto answer = std::make_shared<detail::Answer<T>>();
  auto call = [&reactor, function = std::move(function),
               duty = detail::AnswerDuty<T>(answer)]() mutable {
    auto ended = maybeDeferred(reactor, std::move(function));
    static_cast<void>(ended.addBoth([duty = std::move(duty)](Result<T> result) mutable -> void {
      duty.give(std::move(result));
    }));
  };
  reactor.callFromThread(std::move(call));
  return answer->wait().value();
}

}  // namespace coil
