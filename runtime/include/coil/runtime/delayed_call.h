// DelayedCall: a call that will be made later, and the handle to change one's mind.
#pragma once

#include <coil/runtime/time_point.h>
#include <coil/runtime/timer_node.h>

#include <absl/functional/any_invocable.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace coil {

class ReactorTime;

namespace detail {
class QueuedCall;
}

// What the reactor calls once: moved in, called at most once, then destroyed.
using Callback = absl::AnyInvocable<void() &&>;

// DelayedCall: a handle to one call of callLater; dropping it cancels nothing.
//
// Example (tests/examples/timer_example.cpp, "watchdog"):
//
//   DelayedCall watchdog = reactor.callLater(std::chrono::seconds(30), [&] { give_up(); });
//   watchdog.reset(std::chrono::seconds(30));   // Something happened: start counting again.
//   if (watchdog.active()) watchdog.cancel();
//
// Errors:  AlreadyCalled or AlreadyCancelled from cancel, reset and delay in those states; both
//          hold from the moment the function is entered.
// Threads: Reactor thread only.
// Source:  Twisted's IDelayedCall.
class DelayedCall {
 public:
  DelayedCall() noexcept {}
  DelayedCall(const DelayedCall& other) noexcept;
  DelayedCall(DelayedCall&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  DelayedCall& operator=(DelayedCall other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~DelayedCall() {
    if (node_ != nullptr) drop();
  }

  // When the call is due.
  TimePoint getTime() const noexcept;
  // Drops the function and what it holds at once.
  void cancel();
  // Makes the call due `from_now` from now, earlier or later than before.
  void reset(Duration from_now);
  // Moves the due time by `later`, which may be negative.
  void delay(Duration later);
  // False once called or cancelled, and already inside the call. An empty handle is inactive.
  bool active() const noexcept;
  // Names the call's number, the time left and its state.
  std::string to_string() const;

  friend bool operator==(const DelayedCall&, const DelayedCall&) noexcept = default;

 private:
  friend class ReactorTime;
  friend class Reactor;

  // Ends the call that a node belongs to, if it is one; for a reactor that ends.
  static void drop_queued(TimerNode& node) noexcept;

  // Takes a share over.
  explicit DelayedCall(detail::QueuedCall* node) noexcept : node_(node) {}
  void drop() noexcept;
  // Throws what says why the call is no longer pending.
  [[noreturn]] void complain() const;

  detail::QueuedCall* node_ = nullptr;
};

namespace detail {

// What the queue and the handles of one call share. The function is built in it, and goes when it
// was called or cancelled.
class QueuedCall final : public TimerNode {
 public:
  enum class State : std::uint8_t { pending, called, cancelled };

  // What can be done to a function whose type only callLater knew.
  struct FunctionType {
    void (*call)(void* place);
    void (*destroy)(void* place) noexcept;  // Null where that does nothing.
  };

  // Room for six words, of which a Callback takes four.
  static constexpr std::size_t place_size = 48;
  // Whether an F is built in the node. Building it must not fail: the node is queued by then.
  template <class F, class Given>
  static constexpr bool holds =
      sizeof(F) <= place_size && alignof(F) <= alignof(std::max_align_t) &&
      std::is_nothrow_constructible_v<F, Given>;
  template <class F>
  static const FunctionType type_of;

  // The queue and the first handle own it.
  QueuedCall(ReactorTime& time, const FunctionType& type) noexcept;
  QueuedCall(const QueuedCall&) = delete;
  QueuedCall& operator=(const QueuedCall&) = delete;
  // The function has gone by then.
  ~QueuedCall() = default;

  static void* operator new(std::size_t);
  static void operator delete(void* memory) noexcept;

  static bool pending(const QueuedCall* call) noexcept {
    return call != nullptr && call->state_ == State::pending;
  }
  static bool is_delayed_call(const TimerNode& node) noexcept { return node.fire == &fired; }

  // Where the function lies, from its construction to the end of the call.
  void* place() noexcept { return &place_; }
  State state() const noexcept { return state_; }
  ReactorTime& reactor_time() const noexcept { return time_; }
  void add_owner() noexcept { ++owners_; }
  void drop_owner() noexcept;
  void move_by(Duration later) noexcept;
  void restart(Duration from_now) noexcept;
  void end(State state) noexcept;
  void cancel() noexcept;

 private:
  static void fired(TimerNode& node) noexcept;
  template <class F>
  static void call(void* place) {
    static_cast<void>(std::invoke(std::move(*static_cast<F*>(place))));
  }
  template <class F>
  static void destroy(void* place) noexcept {
    static_cast<F*>(place)->~F();
  }

  State state_ = State::pending;
  std::uint32_t owners_ = 2;
  ReactorTime& time_;
  const FunctionType& type_;
  alignas(std::max_align_t) std::byte place_[place_size];
};

template <class F>
inline constexpr QueuedCall::FunctionType QueuedCall::type_of = {
    &call<F>, std::is_trivially_destructible_v<F> ? nullptr : &destroy<F>};

}  // namespace detail

}  // namespace coil
