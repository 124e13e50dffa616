// LoopingCall: when the next call is due, and what ends the loop.
#include <coil/runtime/looping_call.h>

#include <optional>
#include <stdexcept>
#include <utility>

namespace coil {

class LoopingCall::State final : public std::enable_shared_from_this<State> {
 public:
  State(ReactorTime& time, Call call, bool counts)
      : time_(time), call_(std::move(call)), counts_(counts) {}

  bool running() const noexcept { return running_; }
  Duration interval() const noexcept { return interval_; }

  Deferred<void> start(Duration interval, bool now, std::source_location site);
  void stop();
  void reset();
  // Ends the loop and what it waits for.
  void give_up() noexcept;

 private:
  void call();
  Result<void> call_ended(Result<void> result);
  void schedule();
  void finish(const Failure& failure);
  // How many multiples have passed since the last call that was made.
  std::int64_t newly_passed();
  std::int64_t passed(TimePoint when) const { return (when - start_) / interval_; }

  ReactorTime& time_;
  Call call_;
  const bool counts_;
  bool running_ = false;
  bool in_call_ = false;
  Duration interval_{};
  TimePoint start_;
  TimePoint last_;
  DelayedCall next_;
  std::optional<Deferred<void>> waits_for_;  // What the function returned.
  std::optional<Deferred<void>> ended_;      // Until it is fired.
};

Deferred<void> LoopingCall::State::start(Duration interval, bool now, std::source_location site) {
  if (running_ || in_call_) throw std::logic_error("start: the LoopingCall is running");
  if (interval < Duration::zero()) throw std::invalid_argument("start: the interval is negative");
  running_ = true;
  interval_ = interval;
  start_ = time_.now();
  last_ = now ? detail::saturating_add(start_, -interval) : start_;
  auto cancel = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->ended_.reset();
    self->give_up();
  };
  Deferred<void> ended{Deferred<void>::Canceller(std::move(cancel)), site};
  ended_ = ended;
  if (now) {
    call();
  } else {
    schedule();
  }
  return ended;
}

void LoopingCall::State::stop() {
  if (!running_) throw std::logic_error("stop: the LoopingCall is not running");
  running_ = false;
  if (!next_.active()) return;  // A call is going on.
  next_.cancel();
  finish(Failure());
}

void LoopingCall::State::reset() {
  if (!running_) throw std::logic_error("reset: the LoopingCall is not running");
  if (!next_.active()) return;
  next_.cancel();
  start_ = time_.now();
  schedule();
}

void LoopingCall::State::give_up() noexcept {
  running_ = false;
  if (next_.active()) next_.cancel();
  auto ended = std::exchange(ended_, std::nullopt);
  if (auto last = std::exchange(waits_for_, std::nullopt)) {
    try {
      last->cancel();
    } catch (...) {
      // A canceller's trouble must not keep the loop from ending: it is nobody's, and reported so.
      static_cast<void>(fail<void>(Failure::current()));
    }
  }
  if (ended) ended->callback();
}

void LoopingCall::State::call() {
  const auto self = shared_from_this();
  const std::int64_t count = counts_ ? newly_passed() : 1;
  if (count == 0) {
    schedule();
    return;
  }
  in_call_ = true;
  Deferred<void> called = call_(count);
  const bool given_up = !ended_;
  if (!given_up) waits_for_ = called;
  // What the function waits for keeps the function alive, until its end. If that has come, the loop
  // may end here, and be started again by whoever hears of it.
  called.addBoth([self](Result<void> result) { return self->call_ended(std::move(result)); });
  if (given_up) called.cancel();
}

Result<void> LoopingCall::State::call_ended(Result<void> result) {
  in_call_ = false;
  waits_for_.reset();
  if (!ended_) {
    const bool expected = result || result.error().failure().check<CancelledError>();
    return expected ? Result<void>() : std::move(result);
  }
  if (result && running_) {
    schedule();
    return Result<void>();
  }
  running_ = false;
  finish(result ? Failure() : result.error().failure());
  return Result<void>();
}

// The zero delay tells the time: unlike now() it has not stood still since the call began.
void LoopingCall::State::schedule() {
  next_ = time_.callLater(Duration::zero(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->call();
  });
  if (interval_ == Duration::zero()) return;
  next_.delay(interval_ - (next_.getTime() - start_) % interval_);
}

void LoopingCall::State::finish(const Failure& failure) {
  Deferred<void> ended = *std::exchange(ended_, std::nullopt);
  if (failure) {
    ended.errback(failure);
  } else {
    ended.callback();
  }
}

std::int64_t LoopingCall::State::newly_passed() {
  if (interval_ == Duration::zero()) return 1;
  const TimePoint now = time_.now();
  const std::int64_t count = passed(now) - passed(last_);
  if (count > 0) last_ = now;
  return count;
}

LoopingCall::LoopingCall(ReactorTime& time, Call call, bool counts)
    : state_(std::make_shared<State>(time, std::move(call), counts)) {}
LoopingCall::~LoopingCall() { state_->give_up(); }

Deferred<void> LoopingCall::start(Duration interval, bool now, std::source_location site) {
  return state_->start(interval, now, site);
}
void LoopingCall::stop() { state_->stop(); }
void LoopingCall::reset() { state_->reset(); }
bool LoopingCall::running() const noexcept { return state_->running(); }
Duration LoopingCall::interval() const noexcept { return state_->interval(); }

}  // namespace coil
