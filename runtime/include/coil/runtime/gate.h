// Gate: stop admitting work, then wait for what is inside.
#pragma once

#include <coil/runtime/event.h>
#include <coil/runtime/task.h>

#include <cstddef>
#include <utility>

namespace coil {

// Gate: counts the work inside; closing it refuses new work and waits for the old.
//
// Example (tests/examples/sync_example.cpp, "gate"):
//
//   Gate::Pass pass = gate.enter();           // Throws when the gate is closed.
//   co_await answer(request);
//
//   co_await gate.close();                    // Elsewhere: nobody is inside any more.
//
// Errors:       enter throws HandleClosed after close().
// Cancellation: Cancellable; if cancelled, nothing was transferred. The gate stays closed.
// Threads:      Reactor thread only.
class Gate {
 public:
  Gate() noexcept {}

  // Pass: is inside until it is destroyed.
  //
  // Example (tests/examples/sync_example.cpp, "gate"):
  //
  //   Gate::Pass pass = gate.enter();           // Throws when the gate is closed.
  class [[nodiscard]] Pass {
   public:
    explicit Pass(Gate& gate) noexcept : gate_(&gate) { ++gate.inside_; }
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->left();
    }

   private:
    Gate* gate_;
  };

  Pass enter() {
    if (closed_) throw HandleClosed(make_error_code(Errc::handle_closed), "Gate::enter");
    return Pass(*this);
  }
  std::size_t inside() const noexcept { return inside_; }
  bool closed() const noexcept { return closed_; }
  Task<void> close() {
    closed_ = true;
    if (inside_ == 0) empty_.set();
    co_await empty_.wait();
  }

 private:
  void left() noexcept {
    if (--inside_ == 0 && closed_) empty_.set();
  }

  Event empty_;
  std::size_t inside_ = 0;
  bool closed_ = false;
};

}  // namespace coil
