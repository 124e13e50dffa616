// SignalWatcher: signals of the process, awaited.
#pragma once

#include <coil/runtime/detail/watched_signals.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task_context.h>

#include <coroutine>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace coil {

// SignalWatcher: takes some signals of the process and tells of them one by one.
//
// Example (tests/examples/signal_example.cpp, "hangups"):
//
//   Task<void> reload_on_hangup(Reactor& reactor, Settings& settings) {
//     SignalWatcher hangups(reactor, {SIGHUP});
//     for (;;) {
//       const int number = co_await hangups.next();
//       std::printf("signal %d: reading the settings again\n", number);
//       settings.load();
//     }
//   }
//
// Requires:   Not a signal that tells of a fault in the program, such as SIGSEGV.
// Guarantees: From the constructor on, nothing that comes is lost: a signal that nobody waits for
//             is kept for the next next(). Several watchers of a signal, on whichever reactors of
//             the process, all see it.
//             Signals coalesce, as the system's own do: one that comes again before the loop, or
//             before next(), has seen the first is the same as that. Of several numbers that are
//             there the lowest comes first. So take a SIGHUP as "look again", never as a count.
//             While a watcher of SIGINT or SIGTERM lives, that signal does not stop a reactor: the
//             program has its own plan for it, and calls stop() itself.
//             What the program had for the signal before is put back when its last watcher goes,
//             unless the program has set a handler of its own meanwhile, which is left alone.
//             SIGCHLD tells of children that have ended, and not of those that were stopped.
//             A simulated reactor hears only what SimulatedReactor::raise_signal tells it.
// Errors:     std::invalid_argument for no number, one that is none, SIGKILL, SIGSTOP, or a fault.
// Source:     sigaction(2), signal-safety(7): the handler notes the number and wakes the loop.
class SignalWatcher {
 public:
  SignalWatcher(Reactor& reactor, std::span<const int> numbers)
      : signals_(std::make_unique<detail::WatchedSignals>(reactor, numbers)) {}
  SignalWatcher(Reactor& reactor, std::initializer_list<int> numbers)
      : SignalWatcher(reactor, std::span<const int>(numbers.begin(), numbers.size())) {}
  SignalWatcher(Reactor& reactor, int number) : SignalWatcher(reactor, {number}) {}

  class [[nodiscard]] Next final : public detail::SignalWaiter {
   public:
    explicit Next(detail::WatchedSignals* signals) noexcept { keep(signals); }
    // What the base moves is not the word that is kept.
    Next(Next&& other) noexcept : SignalWaiter(static_cast<SignalWaiter&&>(other)) {
      keep(other.kept());
    }
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
      return begin(waiter.promise().context(), waiter);
    }
    bool begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept;
    int await_resume() const {
      check_cancelled();
      if (number == 0) throw_closed();
      return number;
    }

   private:
    [[noreturn]] static void throw_closed();
  };
  // Waits for the next signal and gives its number. Each goes to one task of those that wait here,
  // to the one that has waited longest.
  //
  // Errors:       HandleClosed when the watcher is closed, before or meanwhile.
  // Cancellation: Cancellable; if cancelled, nothing was transferred.
  Next next() noexcept { return Next(signals_.get()); }
  // Takes what has come already; nothing if nothing has.
  std::optional<int> try_next() noexcept {
    const int number = closed() ? 0 : signals_->take();
    return number == 0 ? std::nullopt : std::optional<int>(number);
  }

  // Gives the signals back, which the destructor does too; who waits is told by HandleClosed. What
  // has come and was not taken goes.
  void close() noexcept {
    if (signals_) signals_->close();
  }
  // True also after a move, and when the reactor has ended.
  bool closed() const noexcept { return !signals_ || signals_->closed(); }

 private:
  std::unique_ptr<detail::WatchedSignals> signals_;
};

}  // namespace coil
