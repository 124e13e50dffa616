// Deferred: a result that will come, and the chain of callbacks that it goes through.
#pragma once

#include <coil/runtime/delayed_call.h>
#include <coil/runtime/detail/deferred_link.h>
#include <coil/runtime/detail/root_task.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/task.h>

#include <concepts>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

namespace coil {

// CancelledError: the failure of a Deferred that was cancelled; an ordinary failure, unlike
// Cancelled, which ends a task.
//
// Example (tests/examples/deferred_example.cpp, "cancel"):
//
//   deferred.addErrback([](Failure failure) { failure.trap<CancelledError>(); });
//   deferred.cancel();
class CancelledError : public SystemError {
 public:
  CancelledError() : SystemError(make_error_code(Errc::deferred_cancelled)) {}

 protected:
  explicit CancelledError(const std::string& what)
      : SystemError(make_error_code(Errc::deferred_cancelled), what) {}
};

// Where failures go that nobody handled; the default writes to standard error.
using UnhandledFailureSink = std::function<void(const Failure&, std::source_location)>;
// Replaces the sink and returns the previous one.
UnhandledFailureSink set_unhandled_failure_sink(UnhandledFailureSink sink);

template <class T>
class Deferred;

namespace detail {

class WatchedInputs;

template <class R>
struct DeferredValue {
  using type = R;
};
template <class U>
struct DeferredValue<Deferred<U>> {
  using type = U;
};

template <class U>
struct DeferredValue<Result<U>> {
  using type = U;
};
template <>
struct DeferredValue<Failure> {
  using type = void;
};

template <class T, class F>
struct CallbackResult {
  using type = std::invoke_result_t<F&, T>;
};
template <class F>
struct CallbackResult<void, F> {
  using type = std::invoke_result_t<F&>;
};

}  // namespace detail

// Deferred<T>: a shared handle to one link of a chain of callbacks.
//
// Example (tests/examples/deferred_example.cpp, "chain"):
//
//   Deferred<int> deferred;
//   deferred.addCallback([](int value) { return value + 1; });
//   deferred.addErrback([](Failure failure) {
//     failure.trap<std::runtime_error>();
//     return 0;
//   });
//   deferred.addCallback([](int value) { std::printf("%d\n", value); return value; });
//   deferred.callback(41);
//
// Guarantees:   Callbacks run in the order they were added, each once, at once if there is a
//               result. A callback that throws switches to the errbacks, an errback that returns
//               switches back. One that returns a Deferred makes the chain wait for its result. A
//               callback whose result is a T is added to this link; another type makes a new
//               Deferred and closes this link. Chains of any length take constant stack.
// Errors:       AlreadyCalledError when it is fired twice. A failure that nobody handled is
//               reported when the last handle goes.
// Cancellation: Cancellable; if cancelled, nothing was transferred. An await that is cancelled, or
//               begins in a cancelled scope, cancels a Deferred that has no result yet, and gives
//               what then comes of it: Cancelled for a CancelledError, and for any failure if the
//               scope was cancelled before.
// Threads:      One thread, the reactor's where there is one.
// Source:       Twisted's defer.Deferred.
template <class T = void>
class Deferred {
  using Link = detail::DeferredLink<T>;
  using Base = detail::DeferredLinkBase;

 public:
  using value_type = T;
  using Canceller = typename Link::Canceller;

  Deferred(std::source_location site = std::source_location::current()) : link_(new Link(site)) {}
  // `canceller` is called once, by cancel(), and may fire the Deferred.
  explicit Deferred(Canceller canceller,
                    std::source_location site = std::source_location::current())
      : Deferred(site) {
    link_->set_canceller(std::move(canceller));
  }

  // Fires it with a value …
  template <class U = T>
    requires(!std::is_void_v<T> && std::convertible_to<U, T>)
  void callback(U&& value) {
    link_->fire(Result<T>(T(std::forward<U>(value))));
  }
  void callback()
    requires std::is_void_v<T>
  {
    link_->fire(Result<T>());
  }
  // … or with a failure.
  void errback(Failure failure) { link_->fire(Error(std::move(failure))); }
  void fire(Result<T>&& result) { link_->fire(std::move(result)); }
  bool called() const noexcept { return link_->called(); }

  // Adds a function for the value; see the class comment for what is returned.
  template <class F>
  decltype(auto) addCallback(F function) {
    using R = typename detail::CallbackResult<T, F>::type;
    return add<R>([function = std::move(function)](Result<T>&& result) mutable -> R {
      if constexpr (std::is_void_v<T>) {
        return function();
      } else {
        return function(std::move(result).value());
      }
    });
  }
  // Adds a function for a failure; it returns a T, a Deferred<T> or a Failure that goes on.
  template <class F>
  Deferred& addErrback(F function) {
    using R = std::invoke_result_t<F&, Failure>;
    static_assert(
        !std::is_void_v<R> || std::is_void_v<T>,
        "an errback may return nothing only where T is void: return a T, or use logged()");
    add_step<T>(link_, [function = std::move(function)](Result<T>&& result) mutable -> Outcome<T> {
      if (result) return Outcome<T>(std::move(result));
      return Outcome<T>::template from<R>([&] { return function(result.error().failure()); });
    });
    return *this;
  }
  // Adds a function for either, which gets a Result<T>.
  template <class F>
  decltype(auto) addBoth(F function) {
    using R = std::invoke_result_t<F&, Result<T>>;
    using U = typename detail::DeferredValue<R>::type;
    auto step = [function = std::move(function)](Result<T>&& result) mutable -> Outcome<U> {
      return Outcome<U>::template from<R>([&] { return function(std::move(result)); });
    };
    return attach<U>(std::move(step));
  }
  template <class F, class G>
  decltype(auto) addCallbacks(F function, G errback) {
    using R = typename detail::CallbackResult<T, F>::type;
    using U = typename detail::DeferredValue<R>::type;
    auto both = [function = std::move(function),
                 errback = std::move(errback)](Result<T>&& result) mutable -> Outcome<U> {
      if (!result) {
        using E = std::invoke_result_t<G&, Failure>;
        return Outcome<U>::template from<E>([&] { return errback(result.error().failure()); });
      }
      return Outcome<U>::template from<R>([&] {
        if constexpr (std::is_void_v<T>) {
          return function();
        } else {
          return function(std::move(result).value());
        }
      });
    };
    return attach<U>(std::move(both));
  }
  // Logs a failure, under `what`, and lets it go on.
  Deferred& logged(Reactor& reactor, std::string what = "Deferred") {
    return addErrback([&reactor, what = std::move(what)](Failure failure) -> Failure {
      reactor.log(LogRecord(LogLevel::error, what + ": " + failure.getErrorMessage(), failure));
      return failure;
    });
  }

  // Cancels it after `limit`, unless the callbacks added so far have come to their end before. What
  // comes of that goes through `on_timeout`, for the callbacks added afterwards: it gets the
  // Result<T> and the limit and returns as addBoth's function does. Without it CancelledError
  // becomes TimedOut and anything else stays as it is.
  template <class F>
  Deferred& addTimeout(Duration limit, ReactorTime& time, F on_timeout) {
    auto expired = std::make_shared<bool>(false);
    Deferred self = *this;
    DelayedCall timer = time.callLater(limit, [self, expired]() mutable {
      *expired = true;
      self.cancel();
    });
    auto step = [timer, expired, limit,
                 on_timeout = std::move(on_timeout)](Result<T>&& result) mutable -> Outcome<T> {
      if (timer.active()) timer.cancel();
      if (!*expired) return Outcome<T>(std::move(result));
      using R = std::invoke_result_t<F&, Result<T>, Duration>;
      return Outcome<T>::template from<R>([&] { return on_timeout(std::move(result), limit); });
    };
    add_step<T>(link_, std::move(step));
    return *this;
  }
  Deferred& addTimeout(Duration limit, ReactorTime& time) {
    return addTimeout(limit, time, [](Result<T> result, Duration) -> Result<T> {
      if (result || !result.error().failure().template check<CancelledError>()) return result;
      return Error(make_error_code(Errc::timed_out), "Deferred");
    });
  }

  // Unfired: calls the canceller and fires CancelledError if that did not fire. Waiting for another
  // Deferred: cancels that one. Otherwise nothing. Once a callback has closed this link, what waits
  // is the Deferred that it made: cancel that one.
  void cancel() { detail::LinkRef<T>(link_)->cancel(); }
  // Holds the chain back; counted.
  void pause() noexcept { link_->pause(); }
  void unpause() {
    link_->unpause();
    link_->run();
  }

  // Runs a task as a root of the reactor; its end fires the Deferred, cancel() cancels the task.
  // Both are named by where the coroutine was written, unless by another `site`.
  static Deferred fromCoroutine(Reactor& reactor, Task<T> task) {
    const std::source_location site = task.site();
    return fromCoroutine(reactor, std::move(task), site);
  }
  static Deferred fromCoroutine(Reactor& reactor, Task<T> task, std::source_location site);

  class Awaiter;
  Awaiter operator co_await() const;

 private:
  template <class U>
  friend class Deferred;
  friend class detail::WatchedInputs;

  // What a step makes: a result, or a Deferred to wait for.
  template <class U>
  class Outcome {
   public:
    explicit Outcome(Result<U> value) : result(std::move(value)) {}
    explicit Outcome(Deferred<U> other) : result(Error()), inner(std::move(other.link_)) {}

    template <class R, class Call>
    static Outcome from(Call call) {
      try {
        if constexpr (std::is_void_v<R>) {
          call();
          return Outcome(Result<U>());
        } else if constexpr (std::same_as<R, Failure>) {
          return Outcome(Result<U>(Error(call())));
        } else {
          return Outcome(call());
        }
      } catch (...) {
        return Outcome(Result<U>(Error(Failure::current())));
      }
    }
    template <class R>
      requires(!std::is_void_v<U> && std::convertible_to<R, U> && !std::same_as<R, Result<U>> &&
               !std::same_as<R, Deferred<U>>)
    explicit Outcome(R&& value) : result(U(std::forward<R>(value))) {}

    Result<U> result;
    detail::LinkRef<U> inner{nullptr};
  };

  template <class R, class F>
  decltype(auto) add(F function) {
    using U = typename detail::DeferredValue<R>::type;
    auto step = [function = std::move(function)](Result<T>&& result) mutable -> Outcome<U> {
      if (!result) return Outcome<U>(Result<U>(result.error()));
      return Outcome<U>::template from<R>([&] { return function(std::move(result)); });
    };
    return attach<U>(std::move(step));
  }

  template <class U, class F>
  decltype(auto) attach(F step) {
    if constexpr (std::same_as<U, T>) {
      add_step<T>(link_, std::move(step));
      return static_cast<Deferred&>(*this);
    } else {
      const detail::LinkRef<T> link = link_;  // The step may replace this handle.
      Deferred<U> successor(link->site());
      successor.link_->set_upstream(link.get());
      add_step<U>(successor.link_, std::move(step));
      link->close();
      return successor;
    }
  }

  // Adds a step whose result goes to `target`: this link, or the successor of another type.
  template <class U, class F>
  void add_step(detail::LinkRef<U> target, F step) {
    // This link owns itself only through its handles: a step that held it would be a cycle.
    const bool same = static_cast<Base*>(target.get()) == static_cast<Base*>(link_.get());
    detail::Receiver<U> successor(same ? detail::LinkRef<U>(nullptr) : std::move(target));
    const detail::LinkRef<T> keep = link_;
    keep->add(
        [step = std::move(step), successor = std::move(successor)](Link& link) mutable -> Base* {
          Outcome<U> outcome = step(link.take());
          const detail::LinkRef<U> handed = successor.release();
          auto* to = handed.get();
          if constexpr (std::same_as<U, T>) {
            if (to == nullptr) to = &link;
          }
          if (outcome.inner.get() != nullptr) return wait_for<U>(*to, std::move(outcome.inner));
          to->adopt(std::move(outcome.result));
          if (static_cast<Base*>(to) == static_cast<Base*>(&link)) return nullptr;
          return Base::owned(to);
        });
  }

  // Makes `outer` wait for `inner`; returns outer's link if it may run on at once.
  template <class U>
  static Base* wait_for(detail::DeferredLink<U>& outer, detail::LinkRef<U> inner);

  detail::LinkRef<T> link_;
};

// Returns a Deferred that has its value, or its failure, already.
template <class T>
Deferred<std::remove_cvref_t<T>> succeed(
    T&& value, std::source_location site = std::source_location::current()) {
  Deferred<std::remove_cvref_t<T>> deferred(site);
  deferred.callback(std::forward<T>(value));
  return deferred;
}
inline Deferred<void> succeed(std::source_location site = std::source_location::current()) {
  Deferred<void> deferred(site);
  deferred.callback();
  return deferred;
}
template <class T = void>
Deferred<T> fail(Failure failure, std::source_location site = std::source_location::current()) {
  Deferred<T> deferred(site);
  deferred.errback(std::move(failure));
  return deferred;
}

}  // namespace coil

#include <coil/runtime/detail/deferred_await.h>
