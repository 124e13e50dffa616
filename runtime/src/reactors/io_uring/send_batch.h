// SendBatch: messages that nobody waits for, sent by the submission that the loop makes anyway.
// Included by this backend only.
#pragma once

#include <coil/runtime/detail/outgoing.h>
#include <coil/runtime/handle_table.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace coil::detail {

class Ring;

// Each of its sends takes what the kernel takes at once and completes while it is submitted, but
// the kernel tells only of those that took less than all (MSG_DONTWAIT, MSG_WAITALL, and no
// completion of a success). So nothing is done about a send that went well, and its bytes are done
// with as soon as they were submitted.
//
// Who looks for failures then must see all of them. Nothing completes between two submissions (a
// ring with deferred task run), and a submission completes no more than the queue has entries, but
// for what is armed and may complete many times at once: the batch is in use only while the
// completion queue has room for so many, and while nothing is about to be armed.
class SendBatch {
 public:
  SendBatch(Ring& ring, Outgoing& outgoing) noexcept;
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  // Fills an entry for a message, which stays where it is until it was submitted; false, and
  // nothing was done, where it must be sent without that.
  bool add(HandleSlot& slot, ConstBytes message, OutgoingSender& sender) noexcept;
  // The ring has submitted what it had: notes what was not sent. Calls nobody.
  void on_submitted() noexcept;
  // The next entry may complete any number of times, and before others that were queued before it:
  // those are submitted now, and nothing is added until it was submitted, too.
  void pause() noexcept;
  // Tells the senders what was noted, except of handles that are being closed.
  void tell() noexcept {
    if (refused_ != 0) [[unlikely]]
      tell_refused();
  }

 private:
  static constexpr unsigned sends_max = 1024;

  struct Send {
    HandleSlot* slot;
    OutgoingSender* sender;
    const std::byte* data;
    std::uint32_t size;
    std::int32_t result;  // Of its completion, if there was one.
  };
  static constexpr std::int32_t all_sent = INT32_MAX;

  void find_failures() noexcept;
  void tell_refused() noexcept;

  Ring& ring_;
  Outgoing& outgoing_;
  unsigned limit_;  // Sends that may be added up to now.
  unsigned count_ = 0;
  unsigned refused_ = 0;  // The first ones of `sends_`, of which nobody was told yet.
  std::array<Send, sends_max> sends_;
};

}  // namespace coil::detail
