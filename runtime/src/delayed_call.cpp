// Timers: calls made later, and awaited delays.
#include <coil/runtime/delayed_call.h>

#include "slab_pool.h"

#include <coil/runtime/reactor.h>
#include <coil/runtime/reactor_time.h>

#include <algorithm>
#include <stdexcept>

namespace coil {

namespace {

void require_not_negative(Duration after) {
  if (after < Duration::zero()) throw std::invalid_argument("callLater: the delay is negative");
}

}  // namespace

// Shared by the queue and the handles; the function goes when it was called or cancelled.
class DelayedCall::Node final : public TimerNode {
 public:
  enum class State : std::uint8_t { pending, called, cancelled };

  // The queue and the first handle own it.
  Node(ReactorTime& time, Callback&& call) noexcept
      : TimerNode(&fired), time_(time), call_(std::move(call)) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  // The function has gone by then.
  ~Node() {}

  static void* operator new(std::size_t) { return detail::SlabPool::allocate(); }
  static void operator delete(void* memory) noexcept { detail::SlabPool::deallocate(memory); }

  void add_owner() noexcept { ++owners_; }
  void drop_owner() noexcept {
    if (--owners_ == 0) delete this;
  }
  State state() const noexcept { return state_; }
  ReactorTime& time() const noexcept { return time_; }

  static bool pending(const Node* node) noexcept;
  static bool is_delayed_call(const TimerNode& node) noexcept { return node.fire == &fired; }

  void move_by(Duration later) noexcept {
    time_.remove_timer(*this);
    due = detail::saturating_add(due, later);
    time_.add_timer(*this);
  }
  void restart(Duration from_now) noexcept {
    time_.remove_timer(*this);
    time_.add_timer(*this, from_now);
  }
  // What the function holds may own handles to this call: the queue's share goes last.
  void end(State state) noexcept {
    state_ = state;
    call_.~Callback();
    drop_owner();
  }
  void cancel() noexcept {
    time_.remove_timer(*this);
    end(State::cancelled);
  }

 private:
  static void fired(TimerNode& node) noexcept {
    auto& self = static_cast<Node&>(node);
    self.state_ = State::called;  // Before the call: inside it the handle is inactive already.
    try {
      std::move(self.call_)();
    } catch (...) {
      self.time_.report_failed_call();
    }
    self.end(State::called);
  }

  State state_ = State::pending;
  std::uint32_t owners_ = 2;
  ReactorTime& time_;
  // Destroyed where it lies, before the node: moving it away first would cost more than the rest.
  union {
    Callback call_;
  };
};

DelayedCall::DelayedCall(const DelayedCall& other) noexcept : node_(other.node_) {
  if (node_ != nullptr) node_->add_owner();
}
void DelayedCall::drop() noexcept { node_->drop_owner(); }

inline bool DelayedCall::Node::pending(const Node* node) noexcept {
  return node != nullptr && node->state_ == State::pending;
}

bool DelayedCall::active() const noexcept { return Node::pending(node_); }

TimePoint DelayedCall::getTime() const noexcept {
  return node_ == nullptr ? TimePoint() : node_->due;
}

void DelayedCall::complain() const {
  if (node_ != nullptr && node_->state() == Node::State::cancelled) {
    throw AlreadyCancelled("the delayed call was cancelled already");
  }
  throw AlreadyCalled("the delayed call was made already");
}

void DelayedCall::cancel() {
  if (!Node::pending(node_)) complain();
  node_->cancel();
}

void DelayedCall::reset(Duration from_now) {
  if (!Node::pending(node_)) complain();
  require_not_negative(from_now);
  node_->restart(from_now);
}

void DelayedCall::delay(Duration later) {
  if (!Node::pending(node_)) complain();
  node_->move_by(later);
}

std::string DelayedCall::to_string() const {
  if (node_ == nullptr) return "DelayedCall(empty)";
  std::string text = "DelayedCall #" + std::to_string(node_->order);
  switch (node_->state()) {
    case Node::State::called:
      return text + " called";
    case Node::State::cancelled:
      return text + " cancelled";
    case Node::State::pending:
      break;
  }
  const Duration left = node_->due - node_->time().now();
  return text + " in " + std::to_string(std::chrono::duration<double>(left).count()) + " s";
}

void DelayedCall::drop_queued(TimerNode& node) noexcept {
  if (Node::is_delayed_call(node)) static_cast<Node&>(node).end(Node::State::cancelled);
}

DelayedCall ReactorTime::callLater(Duration after, Callback call) {
  require_not_negative(after);
  auto* node = new DelayedCall::Node(*this, std::move(call));
  static_assert(sizeof(*node) <= detail::SlabPool::block_size);
  add_timer(*node, after);
  return DelayedCall(node);
}

std::vector<DelayedCall> ReactorTime::getDelayedCalls() const {
  std::vector<TimerNode*> nodes = queued_timers();
  std::erase_if(nodes, [](TimerNode* node) { return !DelayedCall::Node::is_delayed_call(*node); });
  std::sort(nodes.begin(), nodes.end(), [](const TimerNode* left, const TimerNode* right) {
    return left->due != right->due ? left->due < right->due : left->order < right->order;
  });
  std::vector<DelayedCall> calls;
  calls.reserve(nodes.size());
  for (TimerNode* node : nodes) {
    auto& call = static_cast<DelayedCall::Node&>(*node);
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
