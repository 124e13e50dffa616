// What the ends of a channel share: the values, and who waits on either side.
#pragma once

#include <coil/runtime/detail/intrusive_list.h>
#include <coil/runtime/event.h>
#include <coil/runtime/reactor.h>
#include <coil/runtime/resume_node.h>
#include <coil/runtime/task_context.h>
#include <coil/threads/detail/reactor_ends.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace coil::detail {

template <class T>
class ChannelState;

// One end; it belongs to the reactor whose task awaits it first.
class ChannelEnd : public EndWatch, public std::enable_shared_from_this<ChannelEnd> {
 public:
  void bind(Reactor& reactor);
  void reactor_ended(Reactor&) noexcept final { close(); }
  virtual void close() noexcept = 0;

 private:
  std::atomic<Reactor*> reactor_{nullptr};
};

// A task that waits at a channel. Whoever takes it off its list, under the lock of the channel,
// decides what it comes to, and fires the node; until then a cancellation may take it off.
class ChannelWait : public ResumeNode {
 public:
  ChannelWait(ChannelWait&& other) noexcept : ResumeNode(static_cast<ResumeNode&&>(other)) {}

 protected:
  explicit ChannelWait(CancelRequest cancel) noexcept : ResumeNode(cancel) {}
  ~ChannelWait() = default;

  bool queued_ = false;  // Guarded by the channel's lock.

 private:
  template <class T>
  friend class ChannelState;

  // The reactor lives: its task waits for this, and the lock keeps its end from being told.
  void fire() noexcept {
    queued_ = false;
    context().reactor().callFromThread(*this);
  }
};

template <class T>
class SenderEnd final : public ChannelEnd {
 public:
  explicit SenderEnd(std::shared_ptr<ChannelState<T>> state, bool closed = false) noexcept
      : state_(std::move(state)), closed_(closed) {}
  ~SenderEnd() override { close(); }

  std::shared_ptr<SenderEnd> another() const {
    auto made = std::make_shared<SenderEnd>(state_, true);
    state_->open_like(*made, *this);
    return made;
  }

  ChannelState<T>& state() const noexcept { return *state_; }
  void close() noexcept override { state_->close_sender(*this); }

 private:
  friend class ChannelState<T>;

  std::shared_ptr<ChannelState<T>> state_;
  bool closed_;  // Guarded by the lock.
};

template <class T>
class ReceiverEnd final : public ChannelEnd {
 public:
  explicit ReceiverEnd(std::shared_ptr<ChannelState<T>> state) noexcept
      : state_(std::move(state)) {}
  ~ReceiverEnd() override { close(); }

  ChannelState<T>& state() const noexcept { return *state_; }
  void close() noexcept override { state_->close_receiver(); }

 private:
  std::shared_ptr<ChannelState<T>> state_;
};

// What both sides await: bound to the reactor, queued at the channel, taken off by a cancellation.
// `Self` is the await, `End` the end that it is of, which it keeps: that may be dropped meanwhile.
template <class Self, class End>
class ChannelAwait : public ChannelWait {
 public:
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> waiter) {
    return begin(waiter.promise().context(), waiter);
  }
  bool begin(TaskContext& context, std::coroutine_handle<> waiter) {
    end_->bind(context.reactor());
    if (!enter(context, waiter)) return false;
    auto& self = static_cast<Self&>(*this);
    return end_->state().begin(self) || ReadyAtOnce::finish(self, context);
  }
  void finish_now() noexcept { leave(); }

 protected:
  ~ChannelAwait() = default;

  void check(const char* what) const {
    check_cancelled();
    ResumeNode::await_resume();
    if (refused_) throw_error(make_error_code(Errc::handle_closed), what);
  }

 private:
  friend Self;
  template <class T>
  friend class ChannelState;

  explicit ChannelAwait(std::shared_ptr<End> end) noexcept
      : ChannelWait(&give_up), end_(std::move(end)) {}
  ChannelAwait(ChannelAwait&& other) noexcept = default;

  static void give_up(Suspension& wait) noexcept {
    auto& self = static_cast<ChannelAwait&>(wait);
    if (self.end_->state().withdraw(self)) self.finish_cancelled();
  }

  std::shared_ptr<End> end_;
  bool refused_ = false;
};

template <class T>
class [[nodiscard]] ChannelSend final : public ChannelAwait<ChannelSend<T>, SenderEnd<T>> {
 public:
  ChannelSend(std::shared_ptr<SenderEnd<T>> end, T value) noexcept
      : ChannelAwait<ChannelSend, SenderEnd<T>>(std::move(end)), value_(std::move(value)) {}
  ChannelSend(ChannelSend&& other) noexcept = default;

  void await_resume() const { this->check("ChannelSender::send"); }

 private:
  friend class ChannelState<T>;

  T value_;
};

template <class T>
class [[nodiscard]] ChannelReceive final : public ChannelAwait<ChannelReceive<T>, ReceiverEnd<T>> {
 public:
  explicit ChannelReceive(std::shared_ptr<ReceiverEnd<T>> end) noexcept
      : ChannelAwait<ChannelReceive, ReceiverEnd<T>>(std::move(end)) {}
  ChannelReceive(ChannelReceive&& other) noexcept = default;

  std::optional<T> await_resume() {
    this->check("ChannelReceiver::receive");
    return std::move(value_);
  }

 private:
  friend class ChannelState<T>;

  std::optional<T> value_;
};

// Values go from hand to hand where somebody waits for them: a list of receivers is there only
// while the channel is empty, one of senders only while it is full.
//
// A lock, held for a few moves, decides every race: of a value and a cancellation, of a value and
// the end of a reactor. What wakes the other loop is its lock-free inbox.
template <class T>
class ChannelState {
 public:
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "what goes through a Channel is moved without an exception: wrap it in a "
                "std::unique_ptr");

  explicit ChannelState(std::size_t size_max) : ring_(size_max) {
    if (size_max == 0) contract_violation("a Channel has room for one value at least");
  }
  ChannelState(const ChannelState&) = delete;
  ChannelState& operator=(const ChannelState&) = delete;

  // True if it has to wait.
  bool begin(ChannelSend<T>& wait) noexcept {
    const std::lock_guard lock(mutex_);
    wait.refused_ = wait.end_->closed_ || receiver_closed_;
    if (wait.refused_ || put(wait.value_)) return false;
    wait.queued_ = true;
    senders_.push_back(wait);
    return true;
  }
  bool begin(ChannelReceive<T>& wait) noexcept {
    const std::lock_guard lock(mutex_);
    wait.refused_ = receiver_closed_;
    if (wait.refused_ || take(wait.value_) || senders_open_ == 0) return false;
    wait.queued_ = true;
    receivers_.push_back(wait);
    return true;
  }
  bool try_send(const SenderEnd<T>& end, T& value) noexcept {
    const std::lock_guard lock(mutex_);
    return !end.closed_ && !receiver_closed_ && put(value);
  }
  std::optional<T> try_receive() noexcept {
    const std::lock_guard lock(mutex_);
    std::optional<T> value;
    take(value);
    return value;
  }
  bool can_send(const SenderEnd<T>& end) noexcept {
    const std::lock_guard lock(mutex_);
    return !end.closed_ && !receiver_closed_;
  }
  // Takes a wait that is cancelled off its list; false if it has come to something first.
  bool withdraw(ChannelWait& wait) noexcept {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(wait.queued_, false)) return false;
    wait.unlink();
    return true;
  }

  // Opens `made`, unless `other` was closed: who has received the end gets no more values.
  void open_like(SenderEnd<T>& made, const SenderEnd<T>& other) noexcept {
    const std::lock_guard lock(mutex_);
    made.closed_ = other.closed_;
    if (!made.closed_) ++senders_open_;
  }
  void close_sender(SenderEnd<T>& end) noexcept {
    const std::lock_guard lock(mutex_);
    if (std::exchange(end.closed_, true)) return;
    --senders_open_;
    senders_.for_each([&](Suspension& waiting) {
      auto& wait = static_cast<ChannelSend<T>&>(waiting);
      if (wait.end_.get() == &end) refuse(wait);
    });
    if (senders_open_ != 0) return;
    while (Suspension* wait = receivers_.pop_front()) static_cast<ChannelReceive<T>&>(*wait).fire();
  }
  void close_receiver() noexcept {
    std::vector<std::optional<T>> dropped;  // Destroyed without the lock: that is user code.
    const std::lock_guard lock(mutex_);
    receiver_closed_ = true;
    dropped.swap(ring_);
    size_ = 0;
    senders_.for_each([&](Suspension& wait) { refuse(static_cast<ChannelSend<T>&>(wait)); });
    receivers_.for_each([&](Suspension& wait) { refuse(static_cast<ChannelReceive<T>&>(wait)); });
  }

 private:
  // False if it is full.
  bool put(T& value) noexcept {
    if (Suspension* waiting = receivers_.pop_front()) {
      auto& receive = static_cast<ChannelReceive<T>&>(*waiting);
      receive.value_.emplace(std::move(value));
      receive.fire();
      return true;
    }
    if (size_ == ring_.size()) return false;
    ring_[(first_ + size_++) % ring_.size()].emplace(std::move(value));
    return true;
  }
  // False if it is empty.
  bool take(std::optional<T>& value) noexcept {
    if (size_ == 0) return false;
    std::optional<T>& oldest = ring_[first_];
    value.emplace(std::move(*oldest));
    oldest.reset();
    first_ = (first_ + 1) % ring_.size();
    --size_;
    if (Suspension* waiting = senders_.pop_front()) {
      auto& send = static_cast<ChannelSend<T>&>(*waiting);
      put(send.value_);
      send.fire();
    }
    return true;
  }
  template <class W>
  void refuse(W& wait) noexcept {
    wait.unlink();
    wait.refused_ = true;
    wait.fire();
  }

  std::mutex mutex_;
  std::vector<std::optional<T>> ring_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  IntrusiveList<Suspension> senders_;
  IntrusiveList<Suspension> receivers_;
  std::size_t senders_open_ = 1;  // The first is made with the channel.
  bool receiver_closed_ = false;
};

}  // namespace coil::detail
