// Ring: owns the kernel's io_uring: set-up, probe, entries, waiting. Included by this backend only.
#pragma once

#include "buffer_ring.h"

#include <coil/runtime/time_point.h>

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace coil::detail {

class SendBatch;

// What the ring may use; each can be switched off with COIL_IO_URING=-name,-name.
struct RingFeatures {
  bool multishot = true;         // Receives that fill buffers of the ring.
  bool incremental = true;       // The same with buffers that are filled piece by piece.
  bool multishot_poll = true;    // One poll for all changes of a stream.
  bool multishot_accept = true;  // One accept for all connections of a server.
  bool send = true;
  bool batched_send = true;  // Sends that tell only of a failure, and at once.
  bool accept = true;
  bool connect = true;
  bool defer_taskrun = true;

  // Features that are off, as words; empty when everything is on.
  std::string switched_off() const;
};

// Why the kernel gave no ring, or no descriptor for one, in words.
std::string explain_refusal(int error);

struct Completion {
  std::uint64_t data;  // Of the entry.
  int result;
  unsigned flags;
};

class Ring {
 public:
  // Null, with a sentence that names the cause and the cure, if the kernel refuses.
  static std::unique_ptr<Ring> open(std::string& refusal);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  // An empty entry for what may complete many times at once.
  io_uring_sqe& entry_of_many() noexcept;
  // An empty entry; submits those that wait when the queue is full.
  io_uring_sqe& entry() noexcept {
    // As io_uring_get_sqe() does it where the kernel takes entries in enter() only.
    if (full()) [[unlikely]]
      return entry_of_full_queue();
    io_uring_sq& queue = ring_.sq;
    return queue.sqes[queue.sqe_tail++ & queue.ring_mask];
  }
  // Whether the queue has no empty entry left.
  bool full() const noexcept {
    return ring_.sq.sqe_tail - *ring_.sq.khead == ring_.sq.ring_entries;
  }
  // Submits everything and waits for one completion at least, until the limit; zero only looks.
  void enter(std::optional<Duration> at_most) noexcept;
  // Submits everything and calls nobody.
  void submit() noexcept;
  // Entries that wait for that.
  unsigned unsubmitted() const noexcept { return io_uring_sq_ready(&ring_); }
  // Whether whatever completes with the next submission finds a place.
  bool has_room_for_failures() const noexcept;
  // Takes the next completion, if one has come. It is copied out, so that the kernel has its place
  // back when what is done about it submits more.
  bool next(Completion& into) noexcept;
  // Completions that have come and were not taken yet.
  unsigned ready() const noexcept { return io_uring_cq_ready(&ring_); }

  template <class Visit>
  void for_each_ready(Visit visit) noexcept {
    const unsigned end = io_uring_smp_load_acquire(ring_.cq.ktail);
    for (unsigned at = *ring_.cq.khead; at != end; ++at) {
      visit(ring_.cq.cqes[at & ring_.cq.ring_mask]);
    }
  }
  // Sees the completions of every submission before anybody else. Outlives the last of them.
  void serve(SendBatch& batch) noexcept { batch_ = &batch; }

  // Buffers for multishot receives, which have seen one; null where there are none.
  std::unique_ptr<BufferRing> open_buffers(BufferRing::Filling filling, BufferPool& pool);

  const RingFeatures& features() const noexcept { return features_; }
  // The kernel turned out to lack it.
  void switch_off(bool RingFeatures::* feature) noexcept { features_.*feature = false; }
  int descriptor() const noexcept { return ring_.ring_fd; }
  // Set-up flags in words.
  std::string flags() const;

 private:
  Ring() noexcept {}

  io_uring_sqe& entry_of_full_queue() noexcept;
  void wait(std::optional<Duration> at_most) noexcept;
  void tell_batch() noexcept;
  bool set_up(std::string& refusal) noexcept;
  bool probe(std::string& refusal) noexcept;
  bool self_test(std::string& refusal) noexcept;
  bool try_multishot_poll() noexcept;
  bool try_batched_send() noexcept;
  bool try_multishot(BufferRing& buffers) noexcept;
  Completion wait_in_trial() noexcept;

  io_uring ring_ = {};
  RingFeatures features_;
  unsigned setup_flags_ = 0;
  bool open_ = false;
  SendBatch* batch_ = nullptr;
};

inline bool Ring::next(Completion& into) noexcept {
  io_uring_cq& queue = ring_.cq;
  const unsigned head = *queue.khead;  // Only this side moves it.
  if (head == io_uring_smp_load_acquire(queue.ktail)) return false;
  const io_uring_cqe& entry = queue.cqes[head & queue.ring_mask];
  into = {.data = entry.user_data, .result = entry.res, .flags = entry.flags};
  io_uring_smp_store_release(queue.khead, head + 1);
  return true;
}

}  // namespace coil::detail
