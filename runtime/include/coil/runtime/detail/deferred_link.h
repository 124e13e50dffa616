// The shared state behind Deferred: one result, the steps that it goes through, and who is next.
#pragma once

#include <coil/runtime/detail/frame_pool.h>
#include <coil/runtime/failure.h>
#include <coil/runtime/result.h>

#include <absl/functional/any_invocable.h>

#include <cstdint>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

namespace coil::detail {

// What does not depend on the result's type: ownership, pauses, and the loop that runs the steps.
class DeferredLinkBase : public Pooled {
 public:
  explicit DeferredLinkBase(std::source_location site) noexcept : site_(site) {}
  DeferredLinkBase(const DeferredLinkBase&) = delete;
  DeferredLinkBase& operator=(const DeferredLinkBase&) = delete;

  void add_owner() noexcept { ++owners_; }
  // A link on its way to whoever is going to run it: the step that names it may be its last owner.
  static DeferredLinkBase* owned(DeferredLinkBase* link) noexcept {
    link->add_owner();
    return link;
  }
  // Dropping a long chain is iterative: links that die meanwhile wait for their turn.
  void drop_owner() noexcept;

  // Runs the steps of this link and of those that its steps hand their result to.
  void run();
  // True if a result is still to come: of work that ends in its own time, or of what a callback
  // waits for since.
  bool cancel();
  // The same for those who cannot hear of a canceller's trouble: it is nobody's, and reported so.
  bool cancel_quietly() noexcept;

  bool called() const noexcept { return called_; }
  bool closed() const noexcept { return closed_; }
  void pause() noexcept { ++paused_; }
  void unpause() noexcept {
    if (paused_ == 0) contract_violation("a Deferred was unpaused more often than paused");
    --paused_;
  }
  bool paused() const noexcept { return paused_ != 0; }
  void close() noexcept { closed_ = true; }
  std::source_location site() const noexcept { return site_; }

  // The link whose result this one waits for; cancelling goes there.
  void wait_for(DeferredLinkBase* inner) noexcept { inner_ = inner; }
  // What it waited for has gone without a result: cancelling ends the wait.
  void dropped_by_inner() noexcept {
    if (inner_ != nullptr) orphaned_ = true;
  }
  void set_upstream(DeferredLinkBase* upstream) noexcept { upstream_ = upstream; }
  // The canceller's work ends later, with the result; CancelledError is not fired at once.
  void set_cancelled_later() noexcept { cancelled_later_ = true; }

 protected:
  virtual ~DeferredLinkBase() = default;
  // Runs one step if there is one; `next` is the link that must run now, if any, with an owner.
  virtual bool run_step(DeferredLinkBase*& next) = 0;
  virtual void fire_cancelled() = 0;
  // Called with no canceller set; runs it at most once.
  virtual bool run_canceller() = 0;
  void check_unhandled(const Failure& failure) const noexcept;
  // True if this firing is the late one that a cancellation allows.
  bool swallow_late() noexcept { return std::exchange(late_allowed_, false); }

  bool called_ = false;

 private:
  // Where the result that this link waits for is made: the end of what it waits for.
  DeferredLinkBase* origin() noexcept;
  bool can_step() const noexcept { return called_ && paused_ == 0 && !running_; }

  std::uint32_t owners_ = 1;
  std::uint32_t paused_ = 0;
  bool running_ = false;
  bool closed_ = false;
  bool late_allowed_ = false;
  bool cancelled_later_ = false;
  bool orphaned_ = false;
  DeferredLinkBase* inner_ = nullptr;     // Not owned; cleared when it hands over or dies.
  DeferredLinkBase* upstream_ = nullptr;  // Not owned; cleared when it hands over or dies.
  // While it runs, the link that goes on when it has no steps left; of a dead one, the next to go.
  DeferredLinkBase* below_ = nullptr;
  std::source_location site_;
};

template <class T>
class DeferredLink;

// What is to be done with the result of a link.
template <class T>
class Step : public Pooled {
 public:
  Step() noexcept {}
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  virtual ~Step() = default;
  // Changes the result in place; may return an owned link that has a result to run with.
  virtual DeferredLinkBase* run(DeferredLink<T>& link) = 0;

 private:
  template <class U>
  friend class StepQueue;
  Step* next_ = nullptr;
};

// The function and what it keeps are one block of the pool.
template <class T, class F>
class FunctionStep final : public Step<T> {
 public:
  explicit FunctionStep(F function) : function_(std::move(function)) {}
  DeferredLinkBase* run(DeferredLink<T>& link) override { return function_(link); }

 private:
  F function_;
};

// The steps of a link, first in, first out.
template <class T>
class StepQueue {
 public:
  StepQueue() noexcept {}
  StepQueue(const StepQueue&) = delete;
  StepQueue& operator=(const StepQueue&) = delete;
  ~StepQueue() {
    while (!empty()) pop_front();
  }

  bool empty() const noexcept { return first_ == nullptr; }
  void push_back(std::unique_ptr<Step<T>> step) noexcept {
    Step<T>* const added = step.release();
    (empty() ? first_ : last_->next_) = added;
    last_ = added;
  }
  std::unique_ptr<Step<T>> pop_front() noexcept {
    return std::unique_ptr<Step<T>>(std::exchange(first_, first_->next_));
  }

 private:
  Step<T>* first_ = nullptr;
  Step<T>* last_ = nullptr;  // Unless it is empty.
};

template <class T>
class DeferredLink final : public DeferredLinkBase {
 public:
  using Canceller = absl::AnyInvocable<void()>;

  using DeferredLinkBase::DeferredLinkBase;

  // Adds a function as a step.
  template <class F>
  void add(F function) {
    if (closed()) {
      contract_violation("a callback was added to a Deferred whose result went on to another type");
    }
    steps_.push_back(std::make_unique<FunctionStep<T, F>>(std::move(function)));
    run();
  }
  void fire(Result<T> result) {
    if (called_) {
      if (swallow_late()) return;
      throw AlreadyCalledError("the Deferred has a result already");
    }
    canceller_ = nullptr;
    result_ = std::move(result);
    called_ = true;
    has_result_ = true;
    run();
  }
  // The same for a link that another one's loop is going to run.
  void adopt(Result<T> result) {
    result_ = std::move(result);
    called_ = true;
    has_result_ = true;
  }
  void set_canceller(Canceller canceller) { canceller_ = std::move(canceller); }

  // Takes the result out; whoever comes after it was handed on gets nothing of use.
  Result<T> take() {
    if (!std::exchange(has_result_, false)) return nothing();
    return std::move(result_);
  }
  // What is left where a result went elsewhere: Twisted's None.
  static Result<T> nothing() {
    if constexpr (std::is_void_v<T>) {
      return Result<T>();
    } else if constexpr (std::is_default_constructible_v<T>) {
      return Result<T>(T());
    } else {
      return Error(Failure(std::logic_error("the result of the Deferred went elsewhere")));
    }
  }
  // The result is here and nothing else is going to change it.
  bool settled() const noexcept { return called() && has_result_ && steps_.empty() && !paused(); }

 private:
  ~DeferredLink() override {
    if (called_ && has_result_ && !result_) check_unhandled(result_.error().failure());
  }
  bool run_step(DeferredLinkBase*& next) override {
    if (steps_.empty()) return false;
    next = steps_.pop_front()->run(*this);
    return true;
  }
  void fire_cancelled() override;
  bool run_canceller() override {
    if (!canceller_) return false;
    Canceller canceller = std::move(canceller_);
    canceller_ = nullptr;
    canceller();
    return true;
  }

  Result<T> result_ = Error();
  bool has_result_ = false;
  StepQueue<T> steps_;
  Canceller canceller_;
};

// An owning pointer to a link.
template <class T>
class LinkRef {
 public:
  explicit LinkRef(DeferredLink<T>* link) noexcept : link_(link) {}
  LinkRef(const LinkRef& other) noexcept : link_(other.link_) {
    if (link_ != nullptr) link_->add_owner();
  }
  LinkRef(LinkRef&& other) noexcept : link_(std::exchange(other.link_, nullptr)) {}
  LinkRef& operator=(LinkRef other) noexcept {
    std::swap(link_, other.link_);
    return *this;
  }
  ~LinkRef() {
    if (link_ != nullptr) link_->drop_owner();
  }
  DeferredLink<T>* operator->() const noexcept { return link_; }
  DeferredLink<T>& operator*() const noexcept { return *link_; }
  DeferredLink<T>* get() const noexcept { return link_; }

 private:
  DeferredLink<T>* link_;
};

// The link that a step will hand its result to. It stops pointing back at the step's link, for
// cancellation, when the step has run or is dropped unrun.
template <class T>
class Receiver {
 public:
  explicit Receiver(LinkRef<T> link) noexcept : link_(std::move(link)) {}
  Receiver(Receiver&& other) noexcept : link_(std::move(other.link_)) {}
  Receiver& operator=(Receiver&&) = delete;
  ~Receiver() {
    if (link_.get() == nullptr) return;
    link_->dropped_by_inner();
    detach();
  }

  // Gives the link up, for the result that has come; from here on it may wait for something else.
  LinkRef<T> release() noexcept {
    if (link_.get() != nullptr) detach();
    return std::move(link_);
  }

 private:
  void detach() noexcept {
    link_->set_upstream(nullptr);
    link_->wait_for(nullptr);
  }

  LinkRef<T> link_;
};

}  // namespace coil::detail
