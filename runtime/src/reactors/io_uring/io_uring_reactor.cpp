// The io_uring reactor: completions as the kernel gives them, polls where it has no entry.
#include "../../socket_calls_posix.h"
#include "../backends.h"
#include "../readiness/attempt.h"
#include "../readiness/readiness_reactor.h"
#include "../readiness/waker.h"
#include "acceptor.h"
#include "receiver.h"
#include "ring.h"
#include "send_batch.h"
#include "translate.h"

#include <coil/runtime/operations.h>

#include <poll.h>

#include <cerrno>

namespace coil::detail {

namespace {

constexpr std::size_t bulk_bytes = 4096;

class IoUringReactor final : public Reactor {
 public:
  explicit IoUringReactor(std::unique_ptr<Ring> ring)
      : ring_(std::move(ring)),
        // A non-blocking socket fails where a blocking one waits inside the ring; attempts say
        // MSG_DONTWAIT, but accept and connect cannot.
        sockets_(!ring_->features().accept || !ring_->features().connect),
        batch_(*ring_, outgoing()),
        receiver_(*this, *ring_),
        acceptor_(*this, *ring_) {
    ring_->serve(batch_);
    arm_waker();
  }
  ~IoUringReactor() override { shut_down(); }

  std::string_view name() const noexcept override { return "io_uring"; }
  std::string description() const override {
    const std::string off = ring_->features().switched_off();
    return ring_->flags() + ", " + receiver_.description() +
           (off.empty() ? "" : "; not used: " + off);
  }
  SocketCalls& sockets() noexcept override { return sockets_; }
  std::optional<NativeHandle> wait_handle() const override {
    return NativeHandle(ring_->descriptor());
  }

 private:
  bool begin(Operation& op, HandleSlot& slot) noexcept override {
    return begins_to_wait(op, slot) ? pend(op, slot) : Reactor::begin(op, slot);
  }
  // The two requests of every message: a lease that will be handed over, and a send by an entry.
  // False, and nothing was done, if there is more to be done about it.
  bool begins_to_wait(Operation& op, HandleSlot& slot) noexcept {
    if (op.code() == OpCode::receive_lease) return receiver_.begins_to_wait(op, slot);
    if (op.code() != OpCode::send) return false;
    auto& request = static_cast<SendOperation&>(op);
    if (!has_entry(request, slot) || goes_alone(request) || ring_->full()) return false;
    send_by_entry(request, slot);
    return true;
  }
  bool has_entry(const SendOperation& op, const HandleSlot& slot) const noexcept {
    return slot.kind() != HandleKind::pipe && !op.in_pieces() && ring_->features().send;
  }

  Attempt do_submit(Operation& op, HandleSlot& slot) noexcept override {
    switch (op.code()) {
      case OpCode::receive:
      case OpCode::receive_lease:
      case OpCode::poll_readable:
        if (slot.kind() == HandleKind::stream) return receiver_.submit(op, slot);
        break;
      case OpCode::send:
        return send(static_cast<SendOperation&>(op), slot);
      case OpCode::accept:
        if (acceptor_.serves(op, slot)) return acceptor_.submit(op, slot);
        break;
      default:
        break;
    }
    return submit_entry(op, slot);
  }

  Attempt send(SendOperation& op, HandleSlot& slot) noexcept {
    if (!has_entry(op, slot)) return submit_entry(op, slot);
    if (goes_alone(op)) {
      if (const Attempt sent = try_send(slot.native().descriptor(), op.from)) return sent;
    }
    send_by_entry(op, slot);
    return std::nullopt;
  }

  void send_by_entry(SendOperation& op, HandleSlot& slot) noexcept {
    translate_send(op, slot, *ring_);
    op.backend_state = native_entry;
  }

  Attempt submit_entry(Operation& op, HandleSlot& slot) noexcept {
    op.backend_state = native_entry;
    if (translate(op, slot, *ring_)) return std::nullopt;
    if (worth_trying(op, slot)) {
      if (const Attempt result = attempt(op, slot, buffers())) return result;
    }
    start_polling(op, slot);
    return std::nullopt;
  }

  // A send that no other entry will share its submission with costs less as a call of its own: its
  // completion is then no turn of the loop. So does a large one, since the buffer it comes from is
  // free again, and still in the cache, for whoever is next.
  bool goes_alone(const SendOperation& op) const noexcept {
    return ring_->ready() == 0 || op.from.size() >= bulk_bytes;
  }

  std::int64_t send_outgoing(HandleSlot& slot, OutgoingSender& sender) noexcept override {
    const ConstBytes message = outgoing().message();
    if (message.size() < bulk_bytes && batch_.add(slot, message, sender)) [[likely]] {
      outgoing().keep();
      return static_cast<std::int64_t>(message.size());
    }
    outgoing().drop();
    return try_send(slot.native().descriptor(), message).value_or(0);
  }
  void submit_queued() noexcept override {
    if (ring_->unsubmitted() != 0) ring_->submit();
    batch_.tell();
  }

  void start_polling(Operation& op, HandleSlot& slot) noexcept {
    op.backend_state = polling;
    translate_poll(op, slot, *ring_);
  }

  // The completion of the operation itself follows, with what it really came to.
  void do_cancel(Operation& op, HandleSlot&) noexcept override {
    if (op.backend_state == on_slot) {
      op.backend_state = handed_back;
      complete(op, outcome::cancelled);
      return;
    }
    io_uring_sqe& entry = ring_->entry();
    io_uring_prep_cancel(&entry, &op, 0);
    io_uring_sqe_set_data64(&entry, ignored);
  }

  void wait(TimePoint until) noexcept override {
    std::optional<Duration> at_most;
    if (until != TimePoint::max()) {
      const TimePoint now = until == TimePoint::min() ? until : monotonic_now();
      at_most = until > now ? until - now : Duration::zero();
    }
    receiver_.feed_starved();
    ring_->enter(at_most);
    batch_.tell();
  }

  void deliver_all() noexcept override {
    while (deliver()) run_ready();
  }
  [[gnu::always_inline]] bool deliver() noexcept override {
    Completion next;
    if (!ring_->next(next)) return false;
    if (request_of(next.data) == OwnRequest::receive) {
      HandleSlot& slot = slot_of(next.data);
      if (!receiver_.lend_to_reader(slot, next.result, next.flags)) [[unlikely]] {
        on_received(slot, next.result, next.flags);
      }
    } else if (request_of(next.data) != OwnRequest::nothing) {
      on_own_request(next);
    } else if (next.data > waker_data) {
      on_operation(*reinterpret_cast<Operation*>(next.data), next.result);
    } else if (next.data == waker_data) {
      waker_.drain();
      arm_waker();
    }
    return true;
  }

  [[gnu::noinline]] void on_received(HandleSlot& slot, int result, unsigned flags) noexcept {
    receiver_.on_received(slot, result, flags);
    finish_close_if_due(slot);
  }

  [[gnu::noinline]] void on_own_request(Completion completion) noexcept {
    if (request_of(completion.data) == OwnRequest::batched_send) {
      contract_violation("a send of a batch failed after the batch was over");
    }
    HandleSlot& slot = slot_of(completion.data);
    if (request_of(completion.data) == OwnRequest::poll) {
      receiver_.on_polled(slot, completion);
    } else {
      acceptor_.on_accepted(slot, completion);
    }
    finish_close_if_due(slot);
  }

  void on_operation(Operation& op, int result) noexcept {
    if (op.backend_state == native_entry && result >= 0) [[likely]] {
      complete(op, result);
    } else {
      on_poll_or_failure(op, op.slot(), result);
    }
  }

  [[gnu::noinline]] void on_poll_or_failure(Operation& op, HandleSlot& slot, int result) noexcept {
    if (op.backend_state == polling) {
      on_poll(op, slot, result);
    } else if (result == -ECANCELED || (result == -EINTR && op.cancel_asked())) {
      complete(op, outcome::cancelled);
    } else if (result == -EAGAIN || result == -EINTR) {
      retry(op, slot);
    } else {
      complete(op, result);
    }
  }

  // A non-blocking descriptor of somebody else's making, or an interrupted entry.
  void retry(Operation& op, HandleSlot& slot) noexcept {
    if (op.cancel_asked()) {
      complete(op, outcome::cancelled);
    } else {
      start_polling(op, slot);
    }
  }

  void on_poll(Operation& op, HandleSlot& slot, int result) noexcept {
    if (result == -ECANCELED) {
      complete(op, outcome::cancelled);
      return;
    }
    if (result < 0) {
      complete(op, result);
      return;
    }
    if (op.direction() == Direction::read) slot.ready_to_read = true;
    if ((result & (POLLHUP | POLLRDHUP | POLLERR)) != 0) slot.ended = true;
    if ((result & POLLNVAL) != 0) {
      complete(op, outcome::from_system_error(EBADF));
    } else if (const auto tried = attempt(op, slot, buffers())) {
      complete(op, *tried);
    } else {
      retry(op, slot);
    }
  }

  void arm_waker() noexcept {
    io_uring_sqe& entry = ring_->entry();
    io_uring_prep_poll_add(&entry, waker_.descriptor(), POLLIN);
    io_uring_sqe_set_data64(&entry, waker_data);
  }

  void wake() noexcept override { waker_.wake(); }
  // Nothing is in flight by now, so the ring holds no reference to the descriptor.
  void forget(HandleSlot& slot) noexcept override {
    if (slot.kind() == HandleKind::listener) acceptor_.forget(slot);
  }
  void end_own_requests(HandleSlot& slot) noexcept override { end_own_request(slot, *ring_); }
  TimePoint read_clock() const noexcept override { return monotonic_now(); }
  TimePoint read_coarse_clock() const noexcept override { return monotonic_coarse_now(); }

  std::unique_ptr<Ring> ring_;
  Waker waker_;
  PosixSocketCalls sockets_;
  SendBatch batch_;
  StreamReceiver receiver_;
  Acceptor acceptor_;
};

}  // namespace

std::unique_ptr<Reactor> make_io_uring_reactor(std::string& refusal) {
  std::unique_ptr<Ring> ring = Ring::open(refusal);
  if (ring == nullptr) return nullptr;
  return std::make_unique<IoUringReactor>(std::move(ring));
}

}  // namespace coil::detail
