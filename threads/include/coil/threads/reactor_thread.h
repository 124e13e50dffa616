// ReactorThread: a reactor on a thread of its own, and ways to have it do something.
#pragma once

#include <coil/runtime/cancellation.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/failure.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/reactor_factory.h>
#include <coil/runtime/sleep.h>
#include <coil/runtime/task.h>
#include <coil/runtime/task_group.h>
#include <coil/threads/detail/remote_call.h>
#include <coil/threads/detail/remote_loop.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace coil {

// ReactorThreadOptions: what its thread and its reactor are like.
//
// Example (tests/examples/reactor_thread_example.cpp, "options"):
//
//   auto options = ReactorThreadOptions().set_name("indexer").set_core(1);
//
// Threads: What logs or makes a reactor is called on the new thread.
class ReactorThreadOptions {
 public:
  using Make = std::function<std::unique_ptr<Reactor>()>;

  ReactorThreadOptions() {}
  // What debuggers and `ps -L` show; Linux keeps 15 characters.
  ReactorThreadOptions& set_name(std::string value) {
    name = std::move(value);
    return *this;
  }
  ReactorThreadOptions& set_reactor(ReactorOptions value) {
    reactor = std::move(value);
    return *this;
  }
  // Makes the reactor in place of make_reactor(options): for a simulated one, or one of your own.
  ReactorThreadOptions& set_make(Make value) {
    make = std::move(value);
    return *this;
  }
  // Keeps the thread on one of the processors that the program may use, counted from 0, and from 0
  // again behind the last.
  ReactorThreadOptions& set_core(unsigned value) noexcept {
    core = value;
    return *this;
  }

  std::string name = "reactor";
  ReactorOptions reactor;
  Make make;
  std::optional<unsigned> core;
};

namespace detail {

template <class F, class... A>
using RemoteReturn = std::invoke_result_t<F&, Reactor&, A...>;

template <class R>
struct RemoteValue {
  using type = R;
};
template <class T>
struct RemoteValue<Task<T>> {
  using type = T;
};

template <class F, class... A>
using remote_value_t = typename RemoteValue<RemoteReturn<F, A...>>::type;

// Runs the body on its reactor, and keeps what it comes to.
template <class T, class F, class... A>
Task<void> carry_out(RemoteTicket ticket, F body, A... arguments) {
  TaskContext& own = co_await current_context();
  RemoteCall* const call = &ticket.call();
  auto& result = static_cast<RemoteResult<T>&>(*call);
  std::exception_ptr failure;
  try {
    call->work_begins(own);
    if constexpr (!is_task<RemoteReturn<F, A...>>) {
      if constexpr (std::is_void_v<T>) {
        body(own.reactor(), std::move(arguments)...);
        call->finish([&] { result.value.emplace(); });
      } else {
        T value = body(own.reactor(), std::move(arguments)...);
        call->finish([&] { result.value.emplace(std::move(value)); });
      }
    } else if constexpr (std::is_void_v<T>) {
      co_await body(own.reactor(), std::move(arguments)...);
      call->finish([&] { result.value.emplace(); });
    } else {
      T value = co_await body(own.reactor(), std::move(arguments)...);
      call->finish([&] { result.value.emplace(std::move(value)); });
    }
  } catch (const Cancelled&) {
    failure = stopped_first();
  } catch (...) {
    failure = std::current_exception();
  }
  // Outside of the handler: from here on only the other thread holds the exception.
  if (failure) call->fail(std::move(failure));
  call->work_ends();
  ticket.used();
}

template <class T, class F, class... A>
Task<T> run_remotely(std::shared_ptr<RemoteLoop> loop, F body, A... arguments) {
  const CancellationToken scope = co_await current_cancellation();
  if (scope.requested()) throw Cancelled();
  const auto call = std::make_shared<RemoteResult<T>>(loop);
  call->expect_on(co_await current_reactor());
  auto begin = [ticket = RemoteTicket(call), body = std::move(body),
                ... arguments = std::move(arguments)](Reactor& reactor) mutable {
    start_root<"remote call">(reactor, carry_out<T, F, A...>(std::move(ticket), std::move(body),
                                                             std::move(arguments)...));
  };
  if (!loop->post(std::move(begin))) call->fail_stopped();
  RemoteWait wait(*call, RemoteWait::Cancelling::asks);
  co_await wait;
  if (!call->value && scope.requested()) throw Cancelled();
  call->rethrow();
  if constexpr (!std::is_void_v<T>) co_return std::move(*call->value);
}

// A body that belongs to the thread: what ends it ends the thread.
template <class F, class... A>
Task<void> run_body(std::shared_ptr<RemoteLoop> loop, F body, A... arguments) {
  TaskContext& own = co_await current_context();
  std::exception_ptr failure;
  try {
    co_await body(own.reactor(), std::move(arguments)...);
  } catch (const Cancelled&) {
    // The reactor is being stopped.
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) loop->fail(std::move(failure));
}

// Starts body(reactor, arguments...) there. Errors: ReactorStopped.
template <class F, class... A>
void start_remotely(const std::shared_ptr<RemoteLoop>& loop, F body, A... arguments) {
  static_assert(is_task<RemoteReturn<F, A...>>,
                "a body is called with the Reactor& of its thread and what was given besides, and "
                "returns a Task: [](Reactor& reactor) -> Task<void> { ... }");
  auto begin = [loop, body = std::move(body),
                ... arguments = std::move(arguments)](Reactor& reactor) mutable {
    start_root<"body">(
        reactor, run_body<F, A...>(std::move(loop), std::move(body), std::move(arguments)...));
  };
  if (!loop->post(std::move(begin))) {
    throw_error(make_error_code(Errc::reactor_stopped), "ReactorThread::start");
  }
}

// Waits for the end of the loop's thread.
Task<void> wait_for_end(std::shared_ptr<RemoteLoop> loop);

}  // namespace detail

// ReactorThread: makes a reactor on a new thread and runs it there until it is stopped.
//
// Example (tests/examples/reactor_thread_example.cpp, "thread"):
//
//   ReactorThread worker(ReactorThreadOptions().set_name("worker"));
//   auto answer = [](Reactor& there) -> Task<int> {
//     co_await there.callLater(std::chrono::milliseconds(1));
//     co_return 42;
//   };
//   int value = co_await worker.run(answer);   // Waits here, works there.
//   worker.stop();
//   worker.join();                             // Throws what ended it, if it was a failure.
//
// Guarantees: The constructor returns when the reactor is there. It takes no signals, so that those
//             are the main reactor's. A body that throws stops the reactor; join() and wait() give
//             the first such failure. The destructor stops and joins; a failure that nobody asked
//             for is logged.
// Errors:     What making the reactor throws: ReactorUnavailable, std::system_error for no thread.
// Threads:    Any thread, but join() and the destructor not on the thread itself (asserted).
class ReactorThread {
 public:
  explicit ReactorThread(ReactorThreadOptions options = ReactorThreadOptions());
  ReactorThread(ReactorThread&&) noexcept;
  ReactorThread& operator=(ReactorThread&&) = delete;
  ~ReactorThread();

  const std::string& name() const noexcept;

  // Starts body(reactor, arguments...), a Task<void>, as a root task over there. All is moved to
  // that thread: reference captures must not dangle there.
  //
  // Errors: ReactorStopped when the reactor has ended.
  template <class F, class... A>
  void start(F body, A... arguments) {
    detail::start_remotely(loop_, std::move(body), std::move(arguments)...);
  }
  // Calls body(reactor, arguments...) over there, and gives its value, or that of the Task it
  // returned, here.
  //
  // Errors:       What the body throws; ReactorStopped when that reactor ends first.
  // Cancellation: Cancellable; some bytes may have been transferred. The body is cancelled over
  //               there, and the await goes on until it has ended; a value it came to is given.
  // Cost:         Two messages between the threads.
  template <class F, class... A>
  Task<detail::remote_value_t<F, A...>> run(F body, A... arguments) {
    return detail::run_remotely<detail::remote_value_t<F, A...>, F, A...>(loop_, std::move(body),
                                                                          std::move(arguments)...);
  }

  // Asks the reactor to stop, as Reactor::stop does; nothing if it has ended.
  void stop() noexcept { loop_->stop(); }
  // Asks it not to wait for its tasks, as Reactor::force_stop does.
  void force_stop() noexcept { loop_->force_stop(); }
  // Waits for the end, and blocks meanwhile: for a thread that runs no reactor.
  //
  // Errors: The first failure of a body.
  void join();
  // The same for a task of another reactor.
  //
  // Errors:       The first failure of a body.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  Task<void> wait() const { return detail::wait_for_end(loop_); }
  // True when the reactor has gone.
  bool ended() const { return loop_->ended(); }
  // What the stop of the reactor had to do; empty until it has gone.
  StopReport last_stop() const { return loop_->last_stop(); }
  // The first failure of a body; empty if there is none.
  Failure failure() const { return loop_->failure(); }

 private:
  friend class ReactorGroup;
  class Running;

  ReactorThread(ReactorThreadOptions options, std::shared_ptr<detail::RemoteLoop> loop);

  std::shared_ptr<detail::RemoteLoop> loop_;
  std::unique_ptr<Running> running_;
};

}  // namespace coil
