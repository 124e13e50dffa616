// DelayedCall: a call that will be made later, and the handle to change one's mind.
#pragma once

#include <coil/runtime/time_point.h>
#include <coil/runtime/timer_node.h>

#include <absl/functional/any_invocable.h>

#include <string>
#include <utility>

namespace coil {

class ReactorTime;

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
  class Node;

  // Ends the call that a node belongs to, if it is one; for a reactor that ends.
  static void drop_queued(TimerNode& node) noexcept;

  // Takes a share over.
  explicit DelayedCall(Node* node) noexcept : node_(node) {}
  void drop() noexcept;
  // Throws what says why the call is no longer pending.
  [[noreturn]] void complain() const;

  Node* node_ = nullptr;
};

}  // namespace coil
