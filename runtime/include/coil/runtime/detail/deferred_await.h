// Deferred and coroutines: awaiting one, making one of a task. Included by deferred.h only.
#pragma once

#include <coil/runtime/deferred.h>

namespace coil {

template <class T>
template <class U>
detail::DeferredLinkBase* Deferred<T>::wait_for(detail::DeferredLink<U>& outer,
                                                detail::LinkRef<U> inner) {
  if (static_cast<Base*>(inner.get()) == static_cast<Base*>(&outer)) {
    outer.adopt(Error(Failure(std::logic_error("a callback returned its own Deferred"))));
    return Base::owned(&outer);
  }
  if (inner->settled()) {
    outer.adopt(inner->take());
    return Base::owned(&outer);
  }
  outer.pause();
  outer.wait_for(inner.get());
  // The inner link owns the outer one until it hands its result over.
  outer.add_owner();
  detail::Receiver<U> waiting{detail::LinkRef<U>(&outer)};
  inner->add([waiting = std::move(waiting)](detail::DeferredLink<U>& done) mutable -> Base* {
    const detail::LinkRef<U> next = waiting.release();
    next->adopt(done.take());
    next->unpause();
    return Base::owned(next.get());
  });
  return nullptr;
}

// Awaiter of a Deferred: takes its result out of the chain.
//
// Example (tests/examples/deferred_example.cpp, "await"):
//
//   int value = co_await deferred;
template <class T>
class [[nodiscard]] Deferred<T>::Awaiter final : public Suspension {
 public:
  explicit Awaiter(Deferred deferred) noexcept
      : Suspension(&give_up), deferred_(std::move(deferred)) {}
  Awaiter(Awaiter&& other) noexcept
      : Suspension(std::move(other)), deferred_(std::move(other.deferred_)) {}

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) {
    if (deferred_.link_->settled()) return begin_settled(context, waiter);
    require_idle();
    enter_uncancellable(context, waiter);
    deferred_.link_->add(Delivery(*this));
    if (context.cancel_requested() && waiting()) {
      came_late_ = true;
      give_up(*this);
    }
    return true;
  }
  T await_resume() { return take_result().value(); }
  Result<T> take_result() {
    check_cancelled();
    if (!result_ && (came_late_ || was_told_to_end())) throw Cancelled();
    return std::move(result_);
  }

 private:
  // The step that brings the result, for as long as somebody waits for it.
  class Delivery {
   public:
    explicit Delivery(Awaiter& awaiter) noexcept : awaiter_(&awaiter) { awaiter.delivery_ = this; }
    Delivery(Delivery&& other) noexcept : awaiter_(std::exchange(other.awaiter_, nullptr)) {
      if (awaiter_ != nullptr) awaiter_->delivery_ = this;
    }
    Delivery& operator=(Delivery&&) = delete;
    ~Delivery() { let_go(); }

    void let_go() noexcept {
      if (awaiter_ != nullptr) std::exchange(awaiter_, nullptr)->delivery_ = nullptr;
    }
    Base* operator()(Link& link) {
      if (awaiter_ == nullptr) return nullptr;
      Awaiter& awaiter = *awaiter_;
      let_go();
      try {
        awaiter.result_ = link.take();
      } catch (...) {
        awaiter.result_ = Error(Failure::current());
      }
      awaiter.context().reactor().ready(awaiter);
      return nullptr;
    }

   private:
    Awaiter* awaiter_;
  };

  // The result is there: a scope that was cancelled leaves it there.
  bool begin_settled(TaskContext& context, std::coroutine_handle<> waiter) {
    if (!enter(context, waiter)) return false;
    result_ = deferred_.link_->take();
    if (context.reactor().spend_budget()) {
      leave();
      return false;
    }
    context.reactor().ready(*this);
    return true;
  }
  bool was_told_to_end() const {
    return told_to_end_ && result_.error().failure().template check<CancelledError>();
  }
  static void give_up(Suspension& suspension) noexcept {
    auto& self = static_cast<Awaiter&>(suspension);
    self.told_to_end_ = true;
    const bool ends_later = self.deferred_.link_->cancel_quietly();
    if (!self.waiting() || ends_later) return;
    self.delivery_->let_go();
    self.finish_cancelled();
  }

  Deferred deferred_;
  Delivery* delivery_ = nullptr;  // While it waits.
  Result<T> result_ = Error();
  bool told_to_end_ = false;
  bool came_late_ = false;  // The scope was cancelled before: no failure of the work counts.
};

template <class T>
typename Deferred<T>::Awaiter Deferred<T>::operator co_await() const {
  return Awaiter(*this);
}

namespace detail {

// Links a Deferred with the strand that computes it, so that cancel() reaches the strand.
class CoroutineLink {
 public:
  void cancel() noexcept {
    cancel_asked_ = true;
    if (context_ != nullptr) context_->cancel();
  }
  void enter(TaskContext& context) noexcept {
    context_ = &context;
    if (cancel_asked_) context.cancel();
  }
  void leave() noexcept { context_ = nullptr; }

 private:
  TaskContext* context_ = nullptr;
  bool cancel_asked_ = false;
};

class EnterLink {
 public:
  explicit EnterLink(CoroutineLink& link) noexcept : link_(link) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) const noexcept {
    link_.enter(waiter.promise().context());
    return false;
  }
  void await_resume() const noexcept {}

 private:
  CoroutineLink& link_;
};

template <class T>
Task<void> fire_with(Task<T> task, Deferred<T> deferred, std::shared_ptr<CoroutineLink> link) {
  co_await EnterLink(*link);
  Failure failure;
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      link->leave();
      deferred.callback();
    } else {
      T value = co_await std::move(task);
      link->leave();
      deferred.callback(std::move(value));
    }
    co_return;
  } catch (const Cancelled&) {
    failure = Failure(CancelledError());
  } catch (...) {
    failure = Failure::current();
  }
  link->leave();
  deferred.errback(std::move(failure));
}

}  // namespace detail

template <class T>
Deferred<T> Deferred<T>::fromCoroutine(Reactor& reactor, Task<T> task, std::source_location site) {
  auto link = std::make_shared<detail::CoroutineLink>();
  Deferred deferred(Canceller([link] { link->cancel(); }), site);
  deferred.link_->set_cancelled_later();
  detail::start_root<"coroutine">(reactor, detail::fire_with<T>(std::move(task), deferred, link),
                                  site);
  return deferred;
}

namespace detail {

template <class T>
void DeferredLink<T>::fire_cancelled() {
  const Error cancelled{Failure(CancelledError())};
  if (!called()) {
    fire(cancelled);
    return;
  }
  adopt(cancelled);
  unpause();
  run();
}

}  // namespace detail

}  // namespace coil
