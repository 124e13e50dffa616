// A reactor whose kernel is a script: what completes on a handle, when, and with which flags.
#pragma once

#include <coil/runtime/reactor.h>

#include <cerrno>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "reactors/io_uring/acceptor.h"
#include "reactors/io_uring/receiver.h"
#include "reactors/io_uring/ring.h"
#include "reactors/io_uring/translate.h"
#include "socket_calls_posix.h"

namespace coil::testing {

// Receives and accepts as the io_uring reactor does, but its ring is never entered: the completions
// that a real kernel gives seldom come in the order that the test wants.
class ScriptedReactor final : public Reactor {
 public:
  // The ring and its buffers, which are real, have been tried out before.
  explicit ScriptedReactor(std::unique_ptr<detail::Ring> ring)
      : ring_(std::move(ring)), receiver_(*this, *ring_), acceptor_(*this, *ring_) {}
  ~ScriptedReactor() override { shut_down(); }

  // A completion of what is armed on the handle; it is delivered in a coming turn.
  void comes(HandleSlot& slot, int result, unsigned flags) {
    coming_.push_back([this, &slot, result, flags] { deliver_to(slot, result, flags); });
  }
  // Flags of one that brings bytes in the next buffer.
  unsigned next_buffer() noexcept { return IORING_CQE_F_BUFFER | (next_buffer_++ << 16); }

  static detail::OwnState& state(HandleSlot& slot) noexcept { return detail::own_state(slot); }
  static detail::OwnRequest armed(HandleSlot& slot) noexcept { return state(slot).armed; }
  const detail::BufferRing* ring_buffers() const noexcept { return receiver_.buffers(); }
  bool serves_ahead(const Operation& op, HandleSlot& slot) const noexcept {
    return acceptor_.serves(op, slot);
  }
  const detail::RingFeatures& features() const noexcept { return ring_->features(); }

  std::string_view name() const noexcept override { return "scripted"; }
  SocketCalls& sockets() noexcept override { return sockets_; }

 private:
  Attempt do_submit(Operation& op, HandleSlot& slot) noexcept override {
    if (slot.kind() == HandleKind::stream) return receiver_.submit(op, slot);
    if (acceptor_.serves(op, slot)) return acceptor_.submit(op, slot);
    op.backend_state = detail::native_entry;
    return std::nullopt;  // Nobody completes it.
  }
  void do_cancel(Operation& op, HandleSlot&) noexcept override {
    op.backend_state = detail::handed_back;
    complete(op, outcome::cancelled);
  }
  void wait(TimePoint) noexcept override { receiver_.feed_starved(); }
  bool deliver() noexcept override {
    if (coming_.empty()) return false;
    const auto next = std::move(coming_.front());
    coming_.pop_front();
    next();
    return true;
  }
  void deliver_to(HandleSlot& slot, int result, unsigned flags) {
    const detail::Completion completion = {.data = 0, .result = result, .flags = flags};
    switch (armed(slot)) {
      case detail::OwnRequest::receive:
        if (!receiver_.lend_to_reader(slot, result, flags)) {
          receiver_.on_received(slot, result, flags);
        }
        break;
      case detail::OwnRequest::poll:
        receiver_.on_polled(slot, completion);
        break;
      case detail::OwnRequest::accept:
        acceptor_.on_accepted(slot, completion);
        break;
      case detail::OwnRequest::nothing:
      case detail::OwnRequest::batched_send:
        contract_violation("the script completes what was never asked for");
    }
    finish_close_if_due(slot);
  }
  void end_own_requests(HandleSlot& slot) noexcept override { comes(slot, -ECANCELED, 0); }
  void wake() noexcept override {}
  void forget(HandleSlot& slot) noexcept override {
    if (slot.kind() == HandleKind::listener) acceptor_.forget(slot);
  }
  TimePoint read_clock() const noexcept override { return clock_ += std::chrono::milliseconds(1); }

  std::unique_ptr<detail::Ring> ring_;
  detail::PosixSocketCalls sockets_{false};
  detail::StreamReceiver receiver_;
  detail::Acceptor acceptor_;
  std::deque<std::function<void()>> coming_;
  unsigned next_buffer_ = 0;
  mutable TimePoint clock_{};
};

}  // namespace coil::testing
