// ReadinessReactor: completions made of readiness: try, else wait for a change and try again.
#pragma once

#include "../../socket_calls_posix.h"
#include "poller.h"

#include <coil/runtime/reactor.h>

#include <cstdint>
#include <memory>

namespace coil::detail {

class ReadinessReactor final : public Reactor, private ReadinessSink {
 public:
  explicit ReadinessReactor(std::unique_ptr<Poller> poller);
  ~ReadinessReactor() override;

  std::string_view name() const noexcept override { return poller_->name(); }
  SocketCalls& sockets() noexcept override { return sockets_; }
  std::optional<NativeHandle> wait_handle() const override { return poller_->wait_handle(); }

 private:
  bool begin(Operation& op, HandleSlot& slot) noexcept override;
  Attempt do_submit(Operation& op, HandleSlot& slot) noexcept override;
  std::int64_t send_outgoing(HandleSlot& slot, OutgoingSender&) noexcept override {
    const ConstBytes message = outgoing().message();
    outgoing().drop();
    return try_send(slot.native().descriptor(), message).value_or(0);
  }
  void do_cancel(Operation& op, HandleSlot& slot) noexcept override;
  void wait(TimePoint until) noexcept override;
  bool deliver() noexcept override;
  void deliver_all() noexcept override;
  void wake() noexcept override { poller_->wake(); }
  void forget(HandleSlot& slot) noexcept override;
  TimePoint read_clock() const noexcept override;
  TimePoint read_coarse_clock() const noexcept override;
  void serve_at_once(const Readiness& seen) noexcept override { serve(seen); }
  void serve(const Readiness& seen) noexcept;

  // What the reactor still has to do with an operation in flight. An accept for which the process
  // has no descriptor stays in flight, but its next try is the core's.
  enum WaitState : std::uint8_t { handed_back, watched };

  static bool waits(const Operation& op) noexcept { return op.backend_state == watched; }
  void hand_back(Operation& op, std::int64_t result) noexcept;
  static bool is_quiet(const HandleSlot& slot) noexcept {
    return !slot.ready_to_read && !slot.ended && slot.watched_for_good;
  }
  Attempt wait_for_change(Operation& op, HandleSlot& slot) noexcept;
  Attempt start_watch(Operation& op, HandleSlot& slot) noexcept;
  Attempt receive_or_attempt(Operation& op, HandleSlot& slot) noexcept;
  void serve_waiter(Operation& op, HandleSlot& slot, bool invalid) noexcept;
  void serve_side(HandleSlot& slot, Direction side, bool invalid) noexcept;
  [[gnu::noinline]] void serve_waiters(HandleSlot& slot, Direction side, bool invalid) noexcept;
  bool has_waiter(HandleSlot& slot, Direction side) noexcept;
  void end_watch_if_idle(HandleSlot& slot, Direction side) noexcept;

  PosixSocketCalls sockets_;
  std::unique_ptr<Poller> poller_;
  const bool edge_triggered_;
};

// The monotonic clock of a real kernel, for the backends.
TimePoint monotonic_now() noexcept;
TimePoint monotonic_coarse_now() noexcept;

}  // namespace coil::detail
