// Batched sends: adding, and finding out which failed.
#include "send_batch.h"

#include "ring.h"
#include "translate.h"

#include <coil/runtime/operation.h>

#include <cerrno>

namespace coil::detail {

SendBatch::SendBatch(Ring& ring, Outgoing& outgoing) noexcept
    : ring_(ring), outgoing_(outgoing), limit_(ring.features().batched_send ? sends_max : 0) {}

bool SendBatch::add(HandleSlot& slot, ConstBytes message, OutgoingSender& sender) noexcept {
  if (count_ >= limit_ || ring_.full()) [[unlikely]]
    return false;
  translate_batched_send(slot, message, count_, ring_);
  sends_[count_++] = {.slot = &slot,
                      .sender = &sender,
                      .data = message.data(),
                      .size = static_cast<std::uint32_t>(message.size()),
                      .result = all_sent};
  slot.in_batch = true;
  return true;
}

void SendBatch::pause() noexcept {
  if (count_ != 0 || ring_.full()) ring_.submit();
  limit_ = 0;
}

void SendBatch::on_submitted() noexcept {
  if (count_ != 0) {
    find_failures();
    if (ring_.unsubmitted() != 0) return;  // Of a submission in part, the rest comes with the next.
    for (unsigned index = 0; index < count_; ++index) {
      const Send& each = sends_[index];
      each.slot->in_batch = each.result != all_sent;
      if (each.result != all_sent) [[unlikely]]
        sends_[refused_++] = each;
    }
    count_ = 0;
    if (refused_ == 0) outgoing_.rewind();
  }
  // What was refused lies among the messages until its sender was told.
  const bool usable =
      refused_ == 0 && ring_.features().batched_send && ring_.has_room_for_failures();
  limit_ = usable ? sends_max : 0;
}

void SendBatch::find_failures() noexcept {
  ring_.for_each_ready([this](io_uring_cqe& completion) {
    if (request_of(completion.user_data) != OwnRequest::batched_send) [[likely]]
      return;
    sends_[index_of(completion.user_data)].result = completion.res;
    completion.user_data = ignored;  // It stays in the queue, and is found once.
  });
}

// Whoever is told may close its handle, which submits and so comes back to here.
void SendBatch::tell_refused() noexcept {
  while (refused_ != 0) {
    const Send send = sends_[--refused_];
    send.slot->in_batch = false;
    if (!send.slot->open()) continue;
    const bool waits = send.result == -EAGAIN || send.result == -EINTR;
    if (send.result >= 0 || waits) {
      const ConstBytes all(send.data, send.size);
      send.sender->not_sent(0, all.skip(waits ? 0 : static_cast<std::size_t>(send.result)));
    } else {
      send.sender->not_sent(outcome::from_system_error(-send.result), ConstBytes());
    }
  }
  outgoing_.rewind();
  on_submitted();
}

}  // namespace coil::detail
