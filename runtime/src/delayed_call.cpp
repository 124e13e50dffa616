// Timers: calls made later, and awaited delays.
#include <coil/runtime/delayed_call.h>

#include "slab_pool.h"
#include "timer_queue.h"

#include <coil/runtime/reactor.h>
#include <coil/runtime/reactor_time.h>

#include <algorithm>
#include <stdexcept>

namespace coil {

using detail::QueuedCall;

namespace {

void require_not_negative(Duration after) {
  if (after < Duration::zero()) throw std::invalid_argument("callLater: the delay is negative");
}

}  // namespace

// A resumption may have run for long since its time was frozen. The coarse clock costs little and
// never runs ahead, so it tells when the true time must be read: once in each of its ticks.
inline TimePoint ReactorTime::delay_base() noexcept {
  return read_coarse_clock() > delay_base_ ? renew_delay_base() : delay_base_;
}

// An empty queue may have stood still for long: from here on its slots are fine again.
inline void ReactorTime::add_timer(TimerNode& node) noexcept {
  if (timers_->empty()) timers_->collect(now());
  timers_->add(node);
}
inline void ReactorTime::add_timer(TimerNode& node, Duration after) noexcept {
  node.due = detail::saturating_add(delay_base(), after);
  add_timer(node);
}
inline void ReactorTime::remove_timer(TimerNode& node) noexcept { timers_->remove(node); }

inline QueuedCall::QueuedCall(ReactorTime& time, const FunctionType& type) noexcept
    : TimerNode(&fired), time_(time), type_(type) {}

inline void* QueuedCall::operator new(std::size_t) {
  static_assert(sizeof(QueuedCall) <= detail::SlabPool::block_size);
  return detail::SlabPool::allocate();
}
inline void QueuedCall::operator delete(void* memory) noexcept {
  detail::SlabPool::deallocate(memory);
}

inline void QueuedCall::drop_owner() noexcept {
  if (--owners_ == 0) delete this;
}

inline void QueuedCall::move_by(Duration later) noexcept {
  time_.remove_timer(*this);
  due = detail::saturating_add(due, later);
  time_.add_timer(*this);
}
inline void QueuedCall::restart(Duration from_now) noexcept {
  time_.remove_timer(*this);
  time_.add_timer(*this, from_now);
}

// What the function holds may own handles to this call: the queue's share goes last.
inline void QueuedCall::end(State state) noexcept {
  state_ = state;
  if (type_.destroy != nullptr) type_.destroy(place());
  drop_owner();
}
inline void QueuedCall::cancel() noexcept {
  time_.remove_timer(*this);
  end(State::cancelled);
}

void QueuedCall::fired(TimerNode& node) noexcept {
  auto& self = static_cast<QueuedCall&>(node);
  self.state_ = State::called;  // Before the call: inside it the handle is inactive already.
  try {
    self.type_.call(self.place());
  } catch (...) {
    self.time_.report_failed_call();
  }
  self.end(State::called);
}

DelayedCall::DelayedCall(const DelayedCall& other) noexcept : node_(other.node_) {
  if (node_ != nullptr) node_->add_owner();
}
void DelayedCall::drop() noexcept { node_->drop_owner(); }

bool DelayedCall::active() const noexcept { return QueuedCall::pending(node_); }

TimePoint DelayedCall::getTime() const noexcept {
  return node_ == nullptr ? TimePoint() : node_->due;
}

void DelayedCall::complain() const {
  if (node_ != nullptr && node_->state() == QueuedCall::State::cancelled) {
    throw AlreadyCancelled("the delayed call was cancelled already");
  }
  throw AlreadyCalled("the delayed call was made already");
}

void DelayedCall::cancel() {
  if (!QueuedCall::pending(node_)) complain();
  node_->cancel();
}

void DelayedCall::reset(Duration from_now) {
  if (!QueuedCall::pending(node_)) complain();
  require_not_negative(from_now);
  node_->restart(from_now);
}

void DelayedCall::delay(Duration later) {
  if (!QueuedCall::pending(node_)) complain();
  node_->move_by(later);
}

std::string DelayedCall::to_string() const {
  if (node_ == nullptr) return "DelayedCall(empty)";
  std::string text = "DelayedCall #" + std::to_string(node_->order);
  switch (node_->state()) {
    case QueuedCall::State::called:
      return text + " called";
    case QueuedCall::State::cancelled:
      return text + " cancelled";
    case QueuedCall::State::pending:
      break;
  }
  const Duration left = node_->due - node_->reactor_time().now();
  return text + " in " + std::to_string(std::chrono::duration<double>(left).count()) + " s";
}

void DelayedCall::drop_queued(TimerNode& node) noexcept {
  if (QueuedCall::is_delayed_call(node))
    static_cast<QueuedCall&>(node).end(QueuedCall::State::cancelled);
}

ReactorTime::ReactorTime(TimePoint start) : timers_(std::make_unique<detail::TimerQueue>(start)) {}
ReactorTime::~ReactorTime() = default;

QueuedCall& ReactorTime::begin_call(Duration after, const QueuedCall::FunctionType& type) {
  require_not_negative(after);
  auto* node = new QueuedCall(*this, type);
  add_timer(*node, after);
  return *node;
}

std::vector<TimerNode*> ReactorTime::queued_timers() const {
  std::vector<TimerNode*> nodes;
  timers_->for_each([&](TimerNode& node) { nodes.push_back(&node); });
  return nodes;
}

std::vector<DelayedCall> ReactorTime::getDelayedCalls() const {
  std::vector<TimerNode*> nodes = queued_timers();
  std::erase_if(nodes, [](TimerNode* node) { return !QueuedCall::is_delayed_call(*node); });
  std::sort(nodes.begin(), nodes.end(), [](const TimerNode* left, const TimerNode* right) {
    return left->due != right->due ? left->due < right->due : left->order < right->order;
  });
  std::vector<DelayedCall> calls;
  calls.reserve(nodes.size());
  for (TimerNode* node : nodes) {
    auto& call = static_cast<QueuedCall&>(*node);
    call.add_owner();
    calls.push_back(DelayedCall(&call));
  }
  return calls;
}

TimerAwait::TimerAwait(ReactorTime* time, Duration after)
    : Suspension(&cancelled), TimerNode(&expired), time_(time), after_(after) {
  require_not_negative(after);
}

bool TimerAwait::begin(TaskContext& context, std::coroutine_handle<> waiter) noexcept {
  if (time_ == nullptr) time_ = &context.reactor();
  if (!enter(context, waiter)) return false;
  if (absolute_) {
    time_->add_timer(*this);
  } else {
    time_->add_timer(*this, after_);
  }
  return true;
}

void TimerAwait::expired(TimerNode& node) noexcept {
  auto& self = static_cast<TimerAwait&>(node);
  self.time_->expire(self);
}

void TimerAwait::cancelled(Suspension& suspension) noexcept {
  auto& self = static_cast<TimerAwait&>(suspension);
  self.time_->remove_timer(self);
  self.finish_cancelled();
}

namespace detail {

QueuedTimer::QueuedTimer(ReactorTime& time, TimerNode& node, std::optional<Duration> after) noexcept
    : time_(time), node_(node) {
  if (after) {
    time.add_timer(node, *after);
  } else {
    time.add_timer(node);
  }
}

QueuedTimer::~QueuedTimer() {
  if (node_.queued()) time_.remove_timer(node_);
}

}  // namespace detail

void ReactorTime::report_failed_call() noexcept {
  log_to_standard_error(
      LogRecord(LogLevel::error, "a delayed call threw: " + Failure::current().getErrorMessage()));
}

}  // namespace coil
